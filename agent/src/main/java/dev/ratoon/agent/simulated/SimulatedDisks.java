package dev.ratoon.agent.simulated;

import dev.ratoon.agent.hypervisor.DiskFormat;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCut;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.ChainElement;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.Conversion;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a hypervisor does to disks, done to files by Ratoon's own readers and writers. */
final class SimulatedDisks {
  private static final int MOST_FILES = 64;
  private static final int COPY_BYTES = 1 << 16;

  private SimulatedDisks() {}

  /** The same domain, after it was cut. */
  static DomainSpec cut(DomainSpec spec, List<DiskCut> cuts) {
    for (DiskCut cut : cuts) {
      boolean known =
          spec.disks().stream()
              .anyMatch(disk -> disk.path().equals(cut.from()) || disk.path().equals(cut.to()));
      if (!known || !Files.exists(cut.to())) {
        throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, "cutting the disks of " + spec.name())
            .detail(cut.from() + " is none of its disks, or " + cut.to() + " is not there.")
            .asException();
      }
    }
    return with(spec, spec.disks().stream().map(disk -> cut(disk, cuts)).toList());
  }

  private static DomainSpec with(DomainSpec spec, List<DomainDisk> disks) {
    return new DomainSpec(
        spec.id(),
        spec.name(),
        spec.tenant(),
        spec.epoch(),
        spec.cpus(),
        spec.memoryBytes(),
        disks,
        spec.seed(),
        spec.nics(),
        spec.uefi(),
        spec.consoleLog(),
        spec.serialSocket(),
        spec.paused(),
        spec.sshPort(),
        spec.kept());
  }

  private static DomainDisk cut(DomainDisk disk, List<DiskCut> cuts) {
    Optional<DiskCut> own = cuts.stream().filter(c -> c.from().equals(disk.path())).findFirst();
    if (own.isEmpty()) {
      return disk;
    }
    List<ChainElement> below = new ArrayList<>();
    below.add(new ChainElement(disk.path(), disk.format()));
    below.addAll(disk.backing());
    return new DomainDisk(own.get().to(), DiskFormat.QCOW2, below);
  }

  /** The same domain, after it has gone over to a copy. */
  static DomainSpec goneOver(DomainSpec spec, DiskCopy copy) {
    return with(
        spec,
        spec.disks().stream()
            .map(disk ->
                disk.path().equals(copy.from())
                    ? new DomainDisk(copy.to(), DiskFormat.QCOW2, List.of())
                    : disk)
            .toList());
  }

  /** Writes into the copy what differs from what it reads already. */
  static void copy(DiskCopy copy) {
    OpenRules.Chain rules = OpenRules.chain(MOST_FILES, List.of(), ParentWitness.TRUSTING);
    dev.ratoon.disk.DiskFormat format = dev.ratoon.disk.DiskFormat.QCOW2;
    try (VirtualDisk source = VirtualDisks.open(copy.from(), format, rules);
        WritableDisk target = VirtualDisks.openWritable(copy.to(), format, rules)) {
      ByteBuffer from = ByteBuffer.allocate(COPY_BYTES);
      ByteBuffer to = ByteBuffer.allocate(COPY_BYTES);
      for (long at = 0; at < source.size(); at += COPY_BYTES) {
        int bytes = (int) Math.min(COPY_BYTES, source.size() - at);
        source.read(at, from.clear().limit(bytes));
        target.read(at, to.clear().limit(bytes));
        if (!from.flip().equals(to.flip())) {
          target.write(at, from);
        }
      }
      target.flush();
    }
  }

  /** Copies into the disk all that it reads from those below, so that it stands alone. */
  static void pull(Path disk) {
    Path whole = disk.resolveSibling(disk.getFileName() + ".pulled");
    try {
      Files.deleteIfExists(whole);
      try (VirtualDisk source =
              VirtualDisks.open(
                  disk,
                  dev.ratoon.disk.DiskFormat.QCOW2,
                  OpenRules.chain(MOST_FILES, List.of(), ParentWitness.TRUSTING));
          WritableDisk target =
              VirtualDisks.create(
                  whole, source.size(), Optional.empty(), CreateOptions.Qcow2.STANDARD)) {
        Conversion.convert(source, target, 1, Progress.NONE);
        target.flush();
      }
      Files.move(whole, disk, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failed) {
      throw Faults.unwritable(disk, failed);
    }
  }
}
