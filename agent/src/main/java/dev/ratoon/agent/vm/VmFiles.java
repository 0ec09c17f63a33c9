package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.KeptDefinition;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.hypervisor.Uefi;
import dev.ratoon.agent.seed.Seed;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * The files of one VM, in a folder of its own: a disk for each of its disks, the seed, the
 * firmware's variables and the console log. All that the guest writes belongs to the hypervisor's
 * user, mode 0600.
 */
final class VmFiles {
  private static final Set<StandardOpenOption> CREATE_NEW =
      EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  static final String SEED = "seed.iso";
  static final String VARIABLES = "vars.fd";
  static final String CONSOLE = "console.log";

  private final HostCaches caches;
  private final HypervisorFacts facts;

  VmFiles(HostCaches caches, HypervisorFacts facts) {
    this.caches = caches;
    this.facts = facts;
  }

  /**
   * Makes every disk in {@code folder}.
   *
   * @param progress hears how much of all the bytes to be copied is copied
   * @return for each disk, how many bytes of its base were copied
   */
  List<Long> makeDisks(DesiredVm vm, Path folder, BiConsumer<Long, Long> progress) {
    List<Long> copied = new ArrayList<>();
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, folder, i);
      copied.add(makeDisk(disk.wanted(), disk.file(), progress));
      give(disk.file());
    }
    return copied;
  }

  /** Makes the seed and the firmware's variables. */
  void makeSeedAndVariables(DesiredVm vm, Path folder) {
    makeFile(folder.resolve(SEED), Seed.iso(vm.id(), vm.name(), vm.cloudInit()));
    if (vm.firmware() == Firmware.UEFI && vm.variables().isPresent()) {
      copyVariables(vm.variables().get(), folder.resolve(VARIABLES));
    } else if (vm.firmware() == Firmware.UEFI) {
      Path template = firmware(vm).vars();
      try {
        makeFile(folder.resolve(VARIABLES), Files.readAllBytes(template));
      } catch (IOException unreadable) {
        throw Problem.of(ErrorCode.FIRMWARE_MISSING, "reading UEFI's variables from " + template)
            .detail(String.valueOf(unreadable.getMessage()))
            .next("Install Debian's package ovmf on this host.")
            .asException(unreadable);
      }
    }
  }

  /** A clone has its own, which are at first what its origin's were. */
  private void copyVariables(DiskId kept, Path file) {
    long size = caches.use(kept).sizeBytes();
    long _ = caches.copyWhole(kept, file, size, (done, total) -> {});
    give(file);
  }

  /** Whole, on the disk, and never readable by others. */
  private void makeFile(Path file, byte[] content) {
    try (FileChannel out = FileChannel.open(file, CREATE_NEW, OWNER_ONLY)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
    give(file);
  }

  /**
   * The domain over these files.
   *
   * @param kept how it was defined, if it was another's domain before
   * @throws dev.ratoon.model.RatoonException {@code base-missing}, {@code base-altered} or {@code
   *     overlay-altered} if a chain is not as it was made: a guest must never run on another base
   *     than its own
   */
  DomainSpec domain(DesiredVm vm, VmRecord record, Path folder, Optional<KeptDefinition> kept) {
    List<DomainSpec.DomainDisk> disks = new ArrayList<>();
    for (int i = 0; i < vm.disks().size(); i++) {
      disks.add(chain(VmDisk.of(vm, folder, i)));
    }
    Optional<Uefi> uefi =
        vm.firmware() == Firmware.UEFI && kept.isEmpty()
            ? Optional.of(new Uefi(firmware(vm).code(), folder.resolve(VARIABLES)))
            : Optional.empty();
    return new DomainSpec(
        vm.id(),
        vm.name().text(),
        vm.tenant(),
        vm.epoch(),
        vm.cpus(),
        vm.memoryBytes(),
        disks,
        kept.isEmpty() ? Optional.of(folder.resolve(SEED)) : Optional.empty(),
        vm.nics().stream().map(nic -> new DomainSpec.DomainNic(nic.network(), nic.mac())).toList(),
        uefi,
        folder.resolve(CONSOLE),
        Optional.empty(),
        vm.power() == DesiredPower.PAUSED,
        record.sshPort(),
        kept);
  }

  /** The disks as they lie in {@code folder} now, each of them; none while they are not made. */
  static List<DiskReport> report(DesiredVm vm, VmRecord record, Path folder, HostCaches caches) {
    int made = record.disksMade() ? vm.disks().size() : 0;
    return IntStream.range(0, made)
        .mapToObj(i -> report(VmDisk.of(vm, folder, i), i, record, caches))
        .toList();
  }

  private static DiskReport report(VmDisk disk, int number, VmRecord record, HostCaches caches) {
    DesiredDisk wanted = disk.wanted();
    Optional<Path> there = Optional.of(disk.file()).filter(Files::exists);
    Optional<String> parent = there.flatMap(OverlayHeader::parent);
    List<Long> copied = record.files().map(VmRecord.MadeFiles::copiedBytes).orElse(List.of());
    return new DiskReport(
        disk.file().toString(),
        wanted.base(),
        parent,
        wanted.sizeBytes(),
        there.map(StoredBytes::of).orElse(0L),
        number < copied.size() ? copied.get(number) : 0,
        there.isPresent() && wanted.differencing() && isKnown(number, record)
            ? wanted.base().flatMap(id -> suspicion(id, parent, record, caches))
            : Optional.empty(),
        there.isPresent() ? Optional.empty() : Optional.of(disk.missing()));
  }

  /** Whether it is known what a disk stands on; not so while what it was frozen to is hashed. */
  private static boolean isKnown(int disk, VmRecord record) {
    return record.layers().stream()
        .flatMap(layers -> layers.frozen().stream())
        .noneMatch(frozen -> frozen.disk() == disk && frozen.base().isEmpty());
  }

  /** Why the file of its base that a disk stands on is not trusted. */
  private static Optional<String> suspicion(
      DiskId base, Optional<String> parent, VmRecord record, HostCaches caches) {
    Optional<Path> adopted = parent.map(Path::of).filter(caches::isAdopted);
    if (adopted.isPresent()) {
      return caches.isReady(base, adopted.get())
          ? Optional.empty()
          : Optional.of("the adopted file " + adopted.get() + " is not as it was confirmed");
    }
    if (!caches.isReady(base)) {
      return Optional.of("the base is not known to be as it was published");
    }
    return record
        .run()
        .filter(run -> run.ended().isEmpty())
        .map(VmRecord.Run::startedAt)
        .flatMap(opened -> caches.own().replacedAt(base).filter(opened::isBefore))
        .map(at -> "it runs on a bad file, whose place a good one took at " + at);
  }

  private long makeDisk(DesiredDisk disk, Path file, BiConsumer<Long, Long> progress) {
    if (disk.base().isEmpty()) {
      Qcow2Child.create(
          file,
          disk.sizeBytes(),
          Optional.empty(),
          CreateOptions.Qcow2.STANDARD,
          Durability.SYNCED);
      return 0;
    }
    if (!disk.differencing()) {
      return caches.copyWhole(disk.base().get(), file, disk.sizeBytes(), progress::accept);
    }
    DiskId id = disk.base().get();
    Base base =
        disk.parentPath()
            .map(chosen -> caches.useAt(id, Path.of(chosen)))
            .orElseGet(() -> caches.use(id));
    Backing parent =
        new Backing(base.path(), base.format(), Optional.empty(), Optional.of(base.id()));
    Qcow2Child.create(
        file,
        disk.sizeBytes(),
        Optional.of(parent),
        CreateOptions.Qcow2.STANDARD,
        Durability.SYNCED);
    return 0;
  }

  private DomainSpec.DomainDisk chain(VmDisk disk) {
    return new DomainSpec.DomainDisk(
        disk.file(),
        qemu(disk.format()),
        disk.parent(caches).stream()
            .flatMap(base -> caches.chain(base).stream())
            .map(base -> new DomainSpec.ChainElement(base.path(), qemu(base.format())))
            .toList());
  }

  private Uefi firmware(DesiredVm vm) {
    return facts
        .uefi()
        .orElseThrow(() ->
            Problem.of(ErrorCode.FIRMWARE_MISSING, "preparing UEFI for VM '" + vm.name() + "'")
                .next("Install Debian's package ovmf on this host, or use --firmware bios.")
                .asException());
  }

  void give(Path file) {
    try {
      facts.owner().own(file);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  private static dev.ratoon.agent.hypervisor.DiskFormat qemu(DiskFormat format) {
    return switch (format) {
      case RAW -> dev.ratoon.agent.hypervisor.DiskFormat.RAW;
      case QCOW2 -> dev.ratoon.agent.hypervisor.DiskFormat.QCOW2;
      // What Ratoon makes for VMs, and keeps as bases, is raw or qcow2; QEMU misreads the others.
      case VHD, VHDX, VMDK ->
          throw Problem.of(ErrorCode.INTERNAL, "giving a disk to QEMU")
              .detail("It is stored as " + format.word() + ", which QEMU is never given.")
              .asException();
    };
  }
}
