package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DiskFormat;
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
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.NetworkAttachment;
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
    libvirtd = new PrivateLibvirtd();
    folder = libvirtd.folder();
    hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG);
  }

  @AfterAll
  static void end() throws IOException {
    hypervisor.close();
    libvirtd.close();
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
    String qemu = String.valueOf(libvirtd.child(id().toString()).orElseThrow().pid());
    PrivateLibvirtd.run("kill", "-STOP", qemu);
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
      PrivateLibvirtd.run("kill", "-CONT", qemu);
      asking.join();
      listing.join(Duration.ofSeconds(30));
    }
    assertThat(hypervisor.blockJobs(id())).isEmpty();
    hypervisor.destroy(id());
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
    PrivateLibvirtd.run(
        "qemu-img", "create", "-q", "-f", "qcow2", "-b", "" + base, "-o", options, "" + child);
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
    return libvirtd.newDisk(hypervisor, id);
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
}
