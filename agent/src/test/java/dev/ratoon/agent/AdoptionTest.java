package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.Layout;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptedDisk.State;
import dev.ratoon.protocol.agent.AdoptionReport;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.VmReport;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that qemu-img has made, adopted by an agent over a simulated hypervisor. */
class AdoptionTest {
  private static final String AS_IT_WAS = "unix:ino,uid,gid,mode,size,lastModifiedTime,ctime";
  private static final String OWNER_AND_MODE = "unix:ino,uid,gid,mode,size,lastModifiedTime";
  @TempDir Path work;
  private Path images;
  private Host host;

  @BeforeEach
  void up() throws Exception {
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxr-xr-x"));
    images = Files.createDirectory(work.resolve("images"));
    host = new Host(work);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    host.close();
    try (Stream<Path> files = Files.walk(images)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  @Test
  void disksOfEveryFormatAreFoundAndReadAndNotTouched() throws Exception {
    Path raw = raw("root.raw", 3);
    Path middle = child("middle.qcow2", raw, "raw", 5);
    Path top = child("top.qcow2", middle, "qcow2", 7);
    Path vhdx = converted("disk.vhdx", "vhdx", raw);
    Path vmdk = converted("disk.vmdk", "vmdk", raw);
    Files.writeString(images.resolve("notes.txt"), "no disk");
    Files.write(images.resolve("some.bin"), new byte[4096]);
    Files.createSymbolicLink(images.resolve("link.raw"), host.base().path());
    List<Path> disks = List.of(raw, middle, top, vhdx, vmdk);
    Map<Path, Map<String, Object>> before = said(disks, AS_IT_WAS);

    host.adopt(images, Wish.SOURCES);
    AdoptionReport report = host.awaitAdopted(images);

    assertThat(report.problem()).isEmpty();
    assertThat(report.disks())
        .extracting(AdoptedDisk::path)
        .containsExactlyInAnyOrderElementsOf(disks.stream().map(Path::toString).toList());
    assertThat(report.disks())
        .allSatisfy(disk -> {
          assertThat(disk.state()).as(disk.why()).isEqualTo(State.SOURCE);
          assertThat(disk.diskId()).contains(id(Path.of(disk.path())));
        });
    assertThat(ids(report, raw, vhdx, vmdk)).hasSize(1);
    assertThat(ids(report, raw, middle, top)).hasSize(3);
    assertThat(said(disks, AS_IT_WAS)).isEqualTo(before);
    assertThat(host.lastReport().replicas())
        .filteredOn(replica -> replica.layout() == Layout.ADOPTED)
        .extracting(replica -> replica.state())
        .containsExactly(ReplicaState.READY, ReplicaState.READY, ReplicaState.READY);
    assertThat(report.steps()).extracting(step -> step.name()).containsExactly("find", "read");
    assertThat(report.steps().getLast().bytesDone())
        .isEqualTo(report.steps().getLast().bytesTotal());
  }

  @Test
  void aBaseThatTheCacheLacksIsBroughtFromAnAdoptedFile() throws Exception {
    Path raw = raw("root.raw", 3);
    Path top = child("top.qcow2", raw, "raw", 5);
    host.adopt(images, Wish.SOURCES);
    host.awaitAdopted(images);

    DesiredVm vm = vm("web", id(top));
    host.want(vm);
    VmReport report = host.await(vm.id(), VmState.RUNNING);

    Path disk = Path.of(report.disks().getFirst().path());
    Path base = Qcow2Header.read(disk).backing(disk).orElseThrow().file();
    assertThat(base).startsWithRaw(host.cache().root());
    assertThat(id(base)).isEqualTo(id(top));
  }

  /**
   * A delta names what it stands on by its path: what an operator can take back is not for that.
   */
  @Test
  void aNewVersionOfAnAdoptedBaseIsStoredWhole() throws Exception {
    Path old = raw("old.raw", 3);
    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    assertThat(host.awaitDisk(images, old, State.PARENT).diskId()).contains(id(old));
    Path sources = Files.createDirectory(work.resolve("sources"));
    Path upgraded = Files.copy(old, sources.resolve("new.raw"));
    try (FileChannel file = FileChannel.open(upgraded, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 100_000);
    }
    host.adopt(sources, Wish.SOURCES);
    host.awaitAdopted(sources);

    DesiredVm vm = vm("web", id(upgraded));
    host.want(vm);
    host.await(vm.id(), VmState.RUNNING);

    Base base = host.cache().find(id(upgraded)).orElseThrow();
    assertThat(base.format()).isEqualTo(DiskFormat.RAW);
    assertThat(host.cache().chain(base)).containsExactly(base);
    host.adopt(images, Wish.GIVEN_BACK);
    host.awaitHost(_ -> !ImmutableFlag.isSet(old));
    assertThat(host.cache().isReady(id(upgraded))).isTrue();
  }

  @Test
  void aFileThatChangesIsNoticedAndUsedNoMore() throws Exception {
    Path raw = raw("root.raw", 3);
    DiskId id = id(raw);
    host.adopt(images, Wish.SOURCES);
    host.awaitAdopted(images);

    write(raw, 9);
    AdoptedDisk disk = host.awaitDisk(images, raw, State.CHANGED);

    assertThat(disk.why()).contains(raw.toString());
    assertThat(host.cache().adopted().open(id)).isEmpty();
    host.awaitHost(
        report -> report.replicas().stream().noneMatch(r -> r.layout() == Layout.ADOPTED));
    DesiredVm vm = vm("web", id);
    host.want(vm);
    assertThat(host.await(vm.id(), VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.BASE_MISSING);

    host.adopt(images, Wish.SOURCES);
    host.awaitAdopted(images);
    assertThat(host.awaitDisk(images, raw, State.SOURCE).diskId()).contains(id(raw));
  }

  @Test
  void aChainBecomesAParentInPlaceAndIsGivenBackAsItWas() throws Exception {
    Path raw = raw("root.raw", 3);
    Path middle = child("middle.qcow2", raw, "raw", 5);
    Files.setPosixFilePermissions(middle, PosixFilePermissions.fromString("rw-rw-r--"));
    Files.setAttribute(middle, "unix:uid", 1234);
    Map<Path, Map<String, Object>> before = said(List.of(raw, middle), OWNER_AND_MODE);
    DiskId id = id(middle);

    host.adopt(images, Wish.PARENTS);
    AdoptionReport found = host.awaitAdopted(images);
    assertThat(found.disks())
        .allSatisfy(disk -> assertThat(disk.state()).as(disk.why()).isEqualTo(State.PARENT));
    for (Path file : List.of(raw, middle)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("r--r--r--");
      assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(0);
    }

    DesiredVm vm = vm("web", id);
    host.want(vm);
    VmReport report = host.await(vm.id(), VmState.RUNNING);
    Path disk = Path.of(report.disks().getFirst().path());
    assertThat(Qcow2Header.read(disk).backing(disk).orElseThrow().file()).isEqualTo(middle);
    assertThat(host.hypervisor().spec(vm.id()).orElseThrow().disks().getFirst().backing())
        .extracting(element -> element.path())
        .containsExactly(middle, raw);
    assertThat(host.cache().root().resolve(id + ".flat.raw")).doesNotExist();

    host.adopt(images, Wish.GIVEN_BACK);
    assertThat(host.awaitAdopted(images).problem().orElseThrow().detail()).contains("web");
    host.power(vm.id(), DesiredPower.TRASHED);
    host.await(vm.id(), VmState.TRASHED);
    host.adopt(images, Wish.GIVEN_BACK);
    assertThat(host.awaitAdopted(images).problem().orElseThrow().detail()).contains("trash");

    host.power(vm.id(), DesiredPower.PURGED);
    host.awaitReport(vm.id(), r -> r.powerRevision() == 3 && r.settled());
    host.adopt(images, Wish.GIVEN_BACK);
    AdoptionReport given = host.awaitAdopted(images);
    assertThat(given.problem()).isEmpty();
    assertThat(given.disks()).isEmpty();
    assertThat(said(List.of(raw, middle), OWNER_AND_MODE)).isEqualTo(before);
    assertThat(ImmutableFlag.isSet(middle)).isFalse();
    assertThat(host.cache().find(id)).isEmpty();
  }

  @Test
  void afterAPowerLossAVmOnAParentInPlaceComesBackBeforeAnythingIsRead() throws Exception {
    Path raw = raw("root.raw", 3);
    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    DesiredVm vm = vm("web", id(raw));
    host.want(vm);
    host.await(vm.id(), VmState.RUNNING);

    host.losePower();
    host.boot();

    host.await(vm.id(), VmState.RUNNING);
    assertThat(host.awaitAdopted(images).disks().getFirst().state()).isEqualTo(State.PARENT);
  }

  @Test
  void aParentInPlaceThatIsChangedStartsNoVm() throws Exception {
    Path raw = raw("root.raw", 3);
    host.adopt(images, Wish.PARENTS);
    host.awaitAdopted(images);
    DesiredVm vm = vm("web", id(raw));
    host.want(vm);
    host.await(vm.id(), VmState.RUNNING);
    host.power(vm.id(), DesiredPower.STOPPED);
    host.await(vm.id(), VmState.STOPPED);

    ImmutableFlag.clear(raw);
    write(raw, 9);
    host.awaitDisk(images, raw, State.CHANGED);
    host.power(vm.id(), DesiredPower.RUNNING);

    assertThat(host.await(vm.id(), VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.BASE_ALTERED);
    host.adopt(images, Wish.PARENTS);
    assertThat(host.awaitAdopted(images).disks().getFirst().state()).isEqualTo(State.CHANGED);
    assertThat(host.lastReport().replicas())
        .filteredOn(replica -> replica.layout() == Layout.ADOPTED)
        .extracting(replica -> replica.state())
        .containsExactly(ReplicaState.SUSPECT);
  }

  @Test
  void whatIsNotPlainOrNotSoundOrWrittenIsNoParentAndStaysAsItWas() throws Exception {
    Path raw = raw("root.raw", 3);
    Path written = raw("written.raw", 4);
    Path snapshots = converted("snapshots.qcow2", "qcow2", raw);
    Host.run("qemu-img", "snapshot", "-c", "one", snapshots.toString());
    Path unsound = converted("unsound.qcow2", "qcow2", raw);
    try (FileChannel file = FileChannel.open(unsound, StandardOpenOption.WRITE)) {
      // The first entry of the refcount block says that nobody uses the header.
      file.write(ByteBuffer.wrap(new byte[2]), 2 * 65536);
    }
    Path vhdx = converted("disk.vhdx", "vhdx", raw);
    Map<Path, Map<String, Object>> before =
        said(List.of(written, snapshots, unsound, vhdx), OWNER_AND_MODE);

    AdoptionReport report;
    try (FileChannel _ = FileChannel.open(written, StandardOpenOption.WRITE)) {
      host.adopt(images, Wish.PARENTS);
      report = host.awaitAdopted(images);
    }

    assertThat(disk(report, raw).state()).isEqualTo(State.PARENT);
    assertThat(disk(report, written).state()).isEqualTo(State.IN_USE);
    assertThat(disk(report, written).why()).contains("open for writing");
    assertThat(disk(report, snapshots).state()).isEqualTo(State.SOURCE);
    assertThat(disk(report, snapshots).why()).contains("snapshots");
    assertThat(disk(report, unsound).state()).isEqualTo(State.REFUSED);
    assertThat(disk(report, unsound).why()).contains("not sound");
    assertThat(disk(report, vhdx).state()).isEqualTo(State.SOURCE);
    assertThat(said(List.of(written, snapshots, unsound, vhdx), OWNER_AND_MODE)).isEqualTo(before);
  }

  @Test
  void aFolderInsideAnotherIsGivenBackByItself() throws Exception {
    Path inner = Files.createDirectory(images.resolve("golden"));
    Path raw = Files.move(raw("root.raw", 3), inner.resolve("root.raw"));
    Map<Path, Map<String, Object>> before = said(List.of(raw), OWNER_AND_MODE);
    host.adopt(images, Wish.SOURCES);
    host.awaitAdopted(images);
    host.adopt(inner, Wish.PARENTS);
    host.awaitAdopted(inner);
    assertThat(host.awaitDisk(inner, raw, State.PARENT).diskId()).contains(id(raw));

    host.adopt(inner, Wish.GIVEN_BACK);

    assertThat(host.awaitAdopted(inner).problem()).isEmpty();
    assertThat(said(List.of(raw), OWNER_AND_MODE)).isEqualTo(before);
    host.awaitDisk(images, raw, State.SOURCE);
  }

  @Test
  void aChainThatLeadsOutOfWhatWasNamedIsRefused() throws Exception {
    Path secret = Files.writeString(work.resolve("secret"), "x".repeat(4096));
    Path spy = images.resolve("spy.qcow2");
    Host.run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-u",
        "-b",
        secret.toString(),
        "-F",
        "raw",
        spy.toString(),
        "1M");

    host.adopt(images, Wish.SOURCES);
    AdoptedDisk disk = host.awaitAdopted(images).disks().getFirst();

    assertThat(disk.state()).isEqualTo(State.REFUSED);
    assertThat(disk.why()).contains("outside");
    assertThat(disk.diskId()).isEmpty();
  }

  @Test
  void anEmptyFolderAMissingOneAndRatoonsOwnAreRefused() {
    for (Path path : List.of(images, work.resolve("nothing"), work.resolve("home/cache"))) {
      host.adopt(path, Wish.SOURCES);
      assertThat(host.awaitAdopted(path).problem()).isPresent();
    }
  }

  private Path raw(String name, int seed) throws Exception {
    Path file = images.resolve(name);
    byte[] bytes = new byte[2 << 20];
    new Random(seed).nextBytes(bytes);
    return Files.write(file, bytes);
  }

  private Path child(String name, Path parent, String format, int seed) throws Exception {
    Path file = images.resolve(name);
    Host.run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        parent.toString(),
        "-F",
        format,
        file.toString());
    Host.run("qemu-io", "-c", "write -P " + seed + " " + seed + "k 64k", file.toString());
    return file;
  }

  private Path converted(String name, String format, Path from) throws Exception {
    Path file = images.resolve(name);
    Host.run(
        "qemu-img", "convert", "-q", "-f", "raw", "-O", format, from.toString(), file.toString());
    return file;
  }

  private static void write(Path file, int value) throws Exception {
    Host.run("qemu-io", "-f", "raw", "-c", "write -P " + value + " 64k 64k", file.toString());
  }

  private static DiskId id(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.chain(9))) {
      return Manifests.of(disk, 2, Progress.NONE).id();
    }
  }

  private static java.util.Set<Optional<DiskId>> ids(AdoptionReport report, Path... files) {
    List<String> names = Stream.of(files).map(Path::toString).toList();
    return report.disks().stream()
        .filter(disk -> names.contains(disk.path()))
        .map(AdoptedDisk::diskId)
        .collect(Collectors.toSet());
  }

  private static Map<Path, Map<String, Object>> said(List<Path> files, String what)
      throws Exception {
    Map<Path, Map<String, Object>> said = new java.util.HashMap<>();
    for (Path file : files) {
      said.put(file, Files.readAttributes(file, what));
    }
    return said;
  }

  private static AdoptedDisk disk(AdoptionReport report, Path file) {
    return report.disks().stream()
        .filter(disk -> disk.path().equals(file.toString()))
        .findFirst()
        .orElseThrow();
  }

  private static DesiredVm vm(String name, DiskId base) {
    return new DesiredVm(
        new VmId(UUID.randomUUID()),
        "default",
        new EntityName(name),
        1,
        DesiredPower.RUNNING,
        1,
        1,
        1,
        1 << 28,
        Firmware.BIOS,
        RestartPolicy.ON_FAILURE,
        List.of(new DesiredDisk(Optional.of(base), 2 << 20, true)),
        List.of(new DesiredNic(new NetworkAttachment.User(), "52:54:00:00:00:01")),
        CloudInit.NONE);
  }
}
