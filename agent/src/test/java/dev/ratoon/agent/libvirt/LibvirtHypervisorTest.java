package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DiskFormat;
import dev.ratoon.agent.hypervisor.DiskWork.CopyState;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCut;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.ChainElement;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainNic;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorContract;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import dev.ratoon.agent.hypervisor.Uefi;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageLocks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract, kept by a real libvirt with the distribution's own configuration. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
final class LibvirtHypervisorTest extends HypervisorContract {
  private static final Optional<Boolean> NO_AGENT = Optional.of(false);
  private static Path folder;
  private static PrivateLibvirtd libvirtd;
  private static Hypervisor hypervisor;

  @BeforeAll
  static void begin() throws IOException {
    folder = Files.createTempDirectory("rt");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    libvirtd = new PrivateLibvirtd(folder);
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
  }

  @AfterAll
  static void end() throws IOException {
    hypervisor.close();
    libvirtd.close();
    try (var files = Files.walk(folder)) {
      files.sorted((a, b) -> b.compareTo(a)).forEach(path -> path.toFile().delete());
    }
  }

  @Test
  void aGuestOfAnotherHostIsRefusedIfItCouldNotRunHere() {
    LiveMigration live = hypervisor.live().orElseThrow();
    List<String> machines = hypervisor.facts().machines();
    String pc = newest(machines, "pc-i440fx-");
    assertThat(machines).doesNotContain("pc", "q35");
    String nehalem = "<cpu mode='custom' match='exact'><model>Nehalem</model></cpu>";
    live.requireRunnable(new Machine(pc, nehalem, NO_AGENT));
    live.requireRunnable(new Machine(newest(machines, "pc-q35-"), "", NO_AGENT));

    assertThatThrownBy(() -> live.requireRunnable(new Machine("pc-i440fx-99.0", nehalem, NO_AGENT)))
        .hasMessageContaining("no-host-fits")
        .hasMessageContaining("The other host's QEMU has no machine pc-i440fx-99.0.");
    String large =
        "<cpu mode='custom' match='exact'><model>Nehalem</model>"
            + "<feature policy='require' name='avx512f'/></cpu>";
    assertThatThrownBy(() -> live.requireRunnable(new Machine(pc, large, NO_AGENT)))
        .hasMessageContaining("no-host-fits")
        .hasMessageContaining("avx512f");
    assertThatThrownBy(() -> live.requireRunnable(new Machine("pc'/><evil x='", nehalem, NO_AGENT)))
        .hasMessageContaining("peer-misbehaved");
    assertThatThrownBy(() -> live.requireRunnable(new Machine(pc, "<os/>", NO_AGENT)))
        .hasMessageContaining("peer-misbehaved");
  }

  /** Under KVM guests of a cluster get these; here the emulator is asked whether it could, too. */
  @Test
  void libvirtKnowsThePlainProcessors() {
    LiveMigration live = hypervisor.live().orElseThrow();
    String pc = newest(hypervisor.facts().machines(), "pc-i440fx-");
    for (int level = 1; level <= 3; level++) {
      Xml xml = new Xml();
      PlainProcessor.write(level, xml);
      live.requireRunnable(new Machine(pc, xml.toString(), NO_AGENT));
    }
    Xml fourth = new Xml();
    PlainProcessor.write(4, fourth);
    assertThatThrownBy(() -> live.requireRunnable(new Machine(pc, fourth.toString(), NO_AGENT)))
        .hasMessageContaining("avx512");
  }

  @Test
  void aVmThatIsHereAlreadyStartsThoughTheHostLacksTheMachineOfItsCluster() {
    String oldest =
        hypervisor.facts().machines().stream()
            .filter(type -> type.startsWith("pc-q35-"))
            .findFirst()
            .orElseThrow()
            .substring("pc-q35-".length());
    for (String version : List.of("99.0", oldest)) {
      hypervisor.startWith(new GuestHardware(Optional.empty(), Optional.of(version)));
      DomainSpec spec = DomainXmlTest.bare(folder.resolve("console-" + version));
      hypervisor.start(spec);
      String type = hypervisor.live().orElseThrow().machine(spec.id()).type();
      assertThat(type.endsWith("-" + version)).as(type).isEqualTo(version.equals(oldest));
      hypervisor.destroy(spec.id());
    }
    hypervisor.startWith(GuestHardware.OF_THE_HOST);
  }

  private static String newest(List<String> machines, String kind) {
    return machines.stream()
        .filter(type -> type.startsWith(kind))
        .reduce((_, b) -> b)
        .orElseThrow();
  }

  @Test
  void aDomainWithEverythingStartsAndNoFileChangesHands() throws IOException {
    Path base = Files.write(folder.resolve("base.raw"), new byte[1 << 20]);
    Path middle = child("middle.qcow2", base, "raw");
    Path overlay = child("overlay.qcow2", middle, "qcow2");
    Path seed = Files.write(folder.resolve("seed.iso"), new byte[1 << 16]);
    Optional<Uefi> uefi = hypervisor.facts().uefi();
    Path vars = folder.resolve("vars.fd");
    if (uefi.isPresent()) {
      Files.copy(uefi.get().vars(), vars);
      hypervisor.facts().owner().own(vars);
    }
    hypervisor.facts().owner().own(overlay);
    List<Path> files = List.of(base, middle, overlay, seed);
    List<String> before = owners(files);
    int port = freePort();

    hypervisor.start(
        new DomainSpec(
            id(),
            "everything",
            "t",
            1,
            2,
            64L << 20,
            List.of(
                new DomainDisk(
                    overlay,
                    DiskFormat.QCOW2,
                    List.of(
                        new ChainElement(middle, DiskFormat.QCOW2),
                        new ChainElement(base, DiskFormat.RAW)))),
            Optional.of(seed),
            List.of(
                new DomainNic(new NetworkAttachment.User(), "52:54:00:00:00:01"),
                new DomainNic(new NetworkAttachment.User(), "52:54:00:00:00:02")),
            uefi.map(firmware -> new Uefi(firmware.code(), vars)),
            folder.resolve("console.log"),
            Optional.of(folder.resolve("serial.socket")),
            false,
            Optional.of(port)));

    assertThat(state()).isEqualTo(DomainState.RUNNING);
    assertThat(hypervisor.domain(id()).orElseThrow().overlays()).containsExactly(overlay);
    assertThat(owners(files)).isEqualTo(before);
    assertThat(folder.resolve("serial.socket")).exists();
    try (Socket ssh = new Socket()) {
      ssh.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5000);
    }
    hypervisor.destroy(id());
    assertThat(owners(files)).isEqualTo(before);
    assertThat(folder.resolve("console.log")).exists();
  }

  /** Somebody asks libvirt for it behind our back: what others stand on stays as it is. */
  @Test
  void aCommitIntoASharedBaseIsRefused() throws IOException {
    Path base = Files.write(folder.resolve("shared.raw"), new byte[1 << 20]);
    Path overlay = child("written.qcow2", base, "raw");
    try (WritableDisk disk =
        VirtualDisks.openWritable(overlay, dev.ratoon.disk.DiskFormat.QCOW2, OpenRules.chain(2))) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      disk.flush();
    }
    Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("r--r--r--"));
    hypervisor.facts().owner().own(overlay);
    hypervisor.start(
        new DomainSpec(
            id(),
            "commits",
            "t",
            1,
            1,
            64L << 20,
            List.of(
                new DomainDisk(
                    overlay, DiskFormat.QCOW2, List.of(new ChainElement(base, DiskFormat.RAW)))),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            folder.resolve("console.log"),
            Optional.empty(),
            false,
            Optional.empty()));
    byte[] before = Files.readAllBytes(base);

    for (String how : List.of("--active --pivot", "--active", "--shallow --active --pivot")) {
      List<String> command = new ArrayList<>(List.of("virsh", "-c", libvirtd.uri(), "blockcommit"));
      command.addAll(List.of(id().toString(), overlay.toString(), "--wait"));
      command.addAll(List.of(how.split(" ")));
      assertThat(exit(command)).as("blockcommit %s", how).isNotZero();
    }

    assertThat(Files.readAllBytes(base)).isEqualTo(before);
    assertThat(state()).isEqualTo(DomainState.RUNNING);
    hypervisor.destroy(id());
  }

  private static int exit(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    try {
      return process.waitFor();
    } catch (InterruptedException stopped) {
      throw new IOException(stopped);
    }
  }

  /**
   * The guest is one boot sector: it writes "R" to its first serial port and switches itself off.
   */
  @Test
  void aGuestThatSwitchesItselfOffLeavesItsConsoleLogAcrossStarts() throws IOException {
    byte[] sector = new byte[1 << 20];
    String code = "baf803b052eeba0406b80020eff4ebfd";
    System.arraycopy(HexFormat.of().parseHex(code), 0, sector, 0, code.length() / 2);
    sector[510] = 0x55;
    sector[511] = (byte) 0xaa;
    Path disk = Files.write(folder.resolve("switch-off.raw"), sector);
    hypervisor.facts().owner().own(disk);
    DomainSpec plain = spec(false);
    List<DomainDisk> disks = List.of(new DomainDisk(disk, DiskFormat.RAW, List.of()));
    for (int starts = 1; starts <= 2; starts++) {
      hypervisor.start(with(plain, disks, Optional.empty()));
      awaitEvent(new DomainEnded(id(), Ending.SHUTDOWN_BY_GUEST));
      forget();
      assertThat(hypervisor.domain(id())).isEmpty();
      String console = "R".repeat(starts);
      PrivateLibvirtd.await(() -> read(plain.consoleLog()).endsWith(console), console);
    }
  }

  /** Its storage hangs, perhaps; here it is held by a signal. */
  @Test
  void aDomainThatDoesNotAnswerHoldsUpNoOther() throws Exception {
    hypervisor.start(spec(false));
    VmId other = new VmId(UUID.randomUUID());
    hypervisor.start(withId(other, spec(false)));
    String qemu = String.valueOf(qemuOf(id()).pid());
    run("kill", "-STOP", qemu);
    Thread asking = Thread.ofVirtual().start(() -> hypervisor.pause(id()));
    Thread listing = Thread.ofVirtual().unstarted(() -> hypervisor.blockJobs());
    try {
      assertThat(asking.join(Duration.ofSeconds(1))).as("it answers").isFalse();
      listing.start();
      assertThat(listing.join(Duration.ofSeconds(1))).as("it says what is done").isFalse();

      assertTimeoutPreemptively(
          Duration.ofSeconds(10),
          () -> {
            assertThat(hypervisor.blockJobs(other)).isEmpty();
            hypervisor.pause(other);
            hypervisor.destroy(other);
          });
    } finally {
      run("kill", "-CONT", qemu);
      asking.join();
      listing.join(Duration.ofSeconds(30));
    }
    assertThat(hypervisor.blockJobs(id())).isEmpty();
    hypervisor.destroy(id());
  }

  /** libvirt has lost the job, and believes in the file before. */
  @Test
  void aDomainThatWentOverBehindLibvirtsBackGoesBack() throws Exception {
    DiskCopy copy = wholeCopy();
    hypervisor.pause(id());
    libvirtd.kill();
    endJob("complete");
    guestWrites();
    rewriteRecord(LibvirtHypervisorTest::withoutMirror);
    comeBack();
    assertThat(ImageLocks.isWritten(copy.to())).as("it writes the copy").isTrue();

    endsAndStays(copy);
    beginsAnew(copy);
    assertThat(written(copy.from())).as("what went to the copy alone").containsOnly(0x5a);
    assertThat(written(copy.to())).as("the next copy").containsOnly(0x5a);
  }

  @Test
  void filesThatADaemonLeftOpenWhenItWasKilledAreClosed() throws Exception {
    DiskCopy copy = wholeCopy();
    libvirtd.kill();
    endJob("cancel");
    rewriteRecord(LibvirtHypervisorTest::withoutMirror);
    comeBack();
    assertThat(ImageLocks.isWritten(copy.to())).as("it is open").isTrue();

    endsAndStays(copy);
    beginsAnew(copy);
  }

  /** A daemon that was killed before it wrote down where to it copies. */
  @Test
  void aCopyOfWhichLibvirtKnowsNoTargetIsEnded() throws Exception {
    DiskCopy copy = wholeCopy();
    libvirtd.kill();
    rewriteRecord(LibvirtHypervisorTest::withoutMirror);
    comeBack();
    assertThat(hypervisor.copyState(id(), copy)).isEqualTo(CopyState.NONE);

    endsAndStays(copy);
    beginsAnew(copy);
  }

  /** A daemon that was killed after QEMU had ended the job, and before it wrote that down. */
  @Test
  void aCopyInWhichOnlyLibvirtBelievesHoldsUpNothingButTheNext() throws Exception {
    for (String how : List.of("complete", "cancel")) {
      DiskCopy copy = wholeCopy();
      hypervisor.pause(id());
      libvirtd.kill();
      endJob(how);
      comeBack();
      assertThat(hypervisor.copyState(id(), copy)).isEqualTo(CopyState.NONE);

      endsAndStays(copy);
      Files.delete(copy.to());
      assertThatThrownBy(() -> hypervisor.copy(id(), newCopy(copy.from())))
          .isInstanceOfSatisfying(
              RatoonException.class,
              refused -> {
                assertThat(refused.problem().code()).isEqualTo(ErrorCode.HYPERVISOR_REFUSED);
                assertThat(refused.problem().next()).contains("Stop the VM and start it");
              });
      hypervisor.resume(id());
      hypervisor.destroy(id());
      Files.delete(copy.to());
      Files.delete(copy.from());
    }
  }

  /** A daemon that was killed when it had opened the next file, and before the domain wrote it. */
  @Test
  void aDomainIsCutThoughQemuHasTheNextFileOpen() throws Exception {
    DomainSpec spec = spec(false);
    hypervisor.start(spec);
    Path first = spec.disks().getFirst().path();
    DiskCut cut = new DiskCut(first, newChild(first));
    libvirtd.kill();
    try (MonitorSocket qemu = new MonitorSocket(monitor())) {
      String add = "{'execute':'blockdev-add','arguments':{'node-name':'libvirt-77-%s',%s}}";
      String file = "'driver':'file','filename':'%s'".formatted(cut.to());
      String child = "'driver':'qcow2','file':'libvirt-77-storage','backing':null";
      assertThat(qemu.ask(add.formatted("storage", file))).contains("return");
      assertThat(qemu.ask(add.formatted("format", child))).contains("return");
    }
    comeBack();
    assertThat(ImageLocks.isWritten(cut.to())).as("it is open").isTrue();

    hypervisor.cut(id(), List.of(cut), false);

    assertThat(hypervisor.domain(id()).orElseThrow().overlays()).containsExactly(cut.to());
    hypervisor.destroy(id());
  }

  @Test
  void aDomainThatLibvirtForgotIsNoDomainThatHasEnded() throws Exception {
    DiskCopy copy = wholeCopy();
    hypervisor.pause(id());
    libvirtd.kill();
    // As it is while a domain goes over to its copy.
    rewriteRecord(record -> record.replaceAll("(<mirror [^>]*)job='copy'", "$1job=''"));
    libvirtd.bringBack();
    PrivateLibvirtd.await(this::isConnected, "a new connection");

    assertThatThrownBy(() -> hypervisor.domain(id()))
        .isInstanceOfSatisfying(
            RatoonException.class,
            unclear -> {
              Problem problem = unclear.problem();
              assertThat(problem.code()).isEqualTo(ErrorCode.HYPERVISOR_UNAVAILABLE);
              assertThat(problem.detail())
                  .contains("its guest runs on, in process " + qemuOf(id()).pid());
              assertThat(problem.next()).contains("Restart libvirt's daemon");
            });
    assertFails(ErrorCode.HYPERVISOR_UNAVAILABLE, () -> hypervisor.start(spec(false)));
    assertThat(hypervisor.domain(new VmId(UUID.randomUUID()))).isEmpty();

    libvirtd.kill();
    comeBack();
    endsAndStays(copy);
    beginsAnew(copy);
  }

  /** A domain, and a copy of its disk that has all. */
  private DiskCopy wholeCopy() {
    DomainSpec spec = spec(false);
    hypervisor.start(spec);
    DiskCopy copy = newCopy(spec.disks().getFirst().path());
    hypervisor.copy(id(), copy);
    awaitWhole(copy);
    return copy;
  }

  private void awaitWhole(DiskCopy copy) {
    PrivateLibvirtd.await(
        () -> hypervisor.copyState(id(), copy) == CopyState.WHOLE, "the copy to be whole");
  }

  private void comeBack() {
    libvirtd.bringBack();
    PrivateLibvirtd.await(
        () -> isConnected() && hypervisor.domain(id()).isPresent(), "the domain to be known");
  }

  private boolean isConnected() {
    try {
      hypervisor.domains();
      return true;
    } catch (RatoonException notYet) {
      return false;
    }
  }

  private void endsAndStays(DiskCopy copy) {
    hypervisor.endCopy(id(), copy);

    assertThat(hypervisor.domain(id()).orElseThrow().overlays()).containsExactly(copy.from());
    assertThat(ImageLocks.isWritten(copy.to())).isFalse();
    assertThat(ImageLocks.isWritten(copy.from())).isTrue();
    hypervisor.endCopy(id(), copy);
  }

  private void beginsAnew(DiskCopy copy) throws IOException {
    Files.delete(copy.to());
    DiskCopy again = newCopy(copy.from());
    hypervisor.copy(id(), again);
    awaitWhole(again);
    hypervisor.pause(id());
    assertThat(hypervisor.goOver(id(), again)).isTrue();
    assertThat(ImageLocks.isWritten(again.to())).isTrue();
    assertThat(ImageLocks.isWritten(again.from())).isFalse();
    hypervisor.destroy(id());
  }

  /** What libvirt has written down of the domain. */
  private Path record() throws IOException {
    try (var files = Files.list(folder.resolve("run/libvirt/qemu"))) {
      return files
          .filter(file -> file.toString().endsWith(id() + ".xml"))
          .findFirst()
          .orElseThrow();
    }
  }

  private void rewriteRecord(UnaryOperator<String> change) throws IOException {
    String before = Files.readString(record());
    String after = change.apply(before);
    assertThat(after).isNotEqualTo(before);
    Files.writeString(record(), after);
  }

  private Path monitor() throws IOException {
    String text = Files.readString(record());
    Matcher path = Pattern.compile("<monitor path='/var/lib/libvirt/([^']+)'").matcher(text);
    assertThat(path.find()).isTrue();
    return folder.resolve("lib").resolve(path.group(1));
  }

  private static String withoutMirror(String record) {
    return record.replaceAll("(?s)<mirror .*?</mirror>", "").replace(" mirror='yes'", "");
  }

  /** Lets QEMU end its copy while libvirt does not look, and forget it. */
  private void endJob(String how) throws IOException {
    try (MonitorSocket qemu = new MonitorSocket(monitor())) {
      Matcher id = Pattern.compile("\"id\": \"(copy-[^\"]+)\"").matcher(jobs(qemu));
      assertThat(id.find()).isTrue();
      String job = id.group(1);
      qemu.ask("{'execute':'job-%s','arguments':{'id':'%s'}}".formatted(how, job));
      PrivateLibvirtd.await(() -> jobs(qemu).contains("concluded"), "the copy to end");
      qemu.ask("{'execute':'job-dismiss','arguments':{'id':'%s'}}".formatted(job));
    }
  }

  /** As a guest does that was let go on meanwhile. */
  private void guestWrites() throws IOException {
    String device = "/machine/peripheral/virtio-disk0/virtio-backend";
    String write = "qemu-io -d %s \\\"write -P 0x5a 0 512\\\"".formatted(device);
    try (MonitorSocket qemu = new MonitorSocket(monitor())) {
      String answer =
          qemu.ask(
              "{'execute':'human-monitor-command','arguments':{'command-line':'%s'}}"
                  .formatted(write));
      assertThat(answer).doesNotContain("rror");
    }
  }

  private static byte[] written(Path disk) {
    ByteBuffer bytes = ByteBuffer.allocate(512);
    try (VirtualDisk open =
        VirtualDisks.open(disk, dev.ratoon.disk.DiskFormat.QCOW2, OpenRules.chain(2))) {
      open.read(0, bytes);
    }
    return bytes.array();
  }

  private static String jobs(MonitorSocket qemu) {
    try {
      return qemu.ask("{'execute':'query-jobs'}");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static ProcessHandle qemuOf(VmId id) {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process
                .info()
                .arguments()
                .filter(arguments -> List.of(arguments).contains(id.toString()))
                .isPresent())
        .findFirst()
        .orElseThrow();
  }

  private DomainSpec withId(VmId id, DomainSpec spec) {
    return new DomainSpec(
        id,
        "other",
        spec.tenant(),
        spec.epoch(),
        spec.cpus(),
        spec.memoryBytes(),
        List.of(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        spec.consoleLog().resolveSibling("other.log"),
        Optional.empty(),
        false,
        Optional.empty());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Test
  void aPortThatIsTakenRefusesTheStart() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      DomainSpec spec = spec(false);
      DomainSpec forwarded = with(spec, spec.disks(), Optional.of(taken.getLocalPort()));
      assertFails(ErrorCode.HYPERVISOR_REFUSED, () -> hypervisor.start(forwarded));
      assertThat(hypervisor.domains()).isEmpty();
    }
  }

  private static DomainSpec with(DomainSpec spec, List<DomainDisk> disks, Optional<Integer> port) {
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
        port);
  }

  private static int freePort() throws IOException {
    try (var any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  private static Path child(String name, Path base, String format) throws IOException {
    Path child = folder.resolve(name);
    // As deltas are made.
    String options = "extended_l2=on,cluster_size=128k,backing_fmt=" + format;
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", "" + base, "-o", options, "" + child);
    return child;
  }

  private static List<String> owners(List<Path> files) throws IOException {
    List<String> owners = new ArrayList<>();
    for (Path file : files) {
      Map<String, Object> a = Files.readAttributes(file, "unix:uid,gid,mode");
      owners.add(file + " " + a.get("uid") + ":" + a.get("gid") + " " + a.get("mode"));
    }
    return owners;
  }

  @Override
  protected Hypervisor hypervisor() {
    return hypervisor;
  }

  @Override
  protected Path newDisk(VmId id) {
    Path disk = folder.resolve(id + ".qcow2");
    try {
      if (!Files.exists(disk)) {
        run("qemu-img", "create", "-q", "-f", "qcow2", disk.toString(), "64M");
        hypervisor.facts().owner().own(disk);
      }
      return disk;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Override
  protected Path logs() {
    return folder;
  }

  @Override
  protected void killProcess(VmId id) {
    libvirtd.child(id.toString()).orElseThrow().destroyForcibly();
  }

  @Override
  protected void disconnect() {
    libvirtd.kill();
  }

  @Override
  protected void reconnect() {
    libvirtd.bringBack();
  }

  static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }
}
