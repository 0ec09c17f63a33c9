package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.VmView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** A host that joins has run a VM under libvirt before: its disks are adopted, and so is the VM. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AdoptTest {
  private static final String IMAGES = "/srv/golden";
  private static final String ID = "5b0c7f7e-3f0b-4d56-9a34-2d3e3ad7a001";
  private static Fleet fleet;
  private static RatoonHost control;
  private static RatoonHost other;
  private static String qemu = "";

  @BeforeAll
  static void start() throws IOException {
    Shell.run(Map.of(), List.of(Checkout.root().resolve("ratoon").toString(), "--version"))
        .orFail();
    fleet = Fleet.start(2);
    control = new RatoonHost(fleet, 1);
    other = new RatoonHost(fleet, 2);
    Path images = Files.createDirectories(other.outside(IMAGES));
    Files.copy(GuestImages.small(), images.resolve("small.qcow2"));
    other.run(
        "/usr/bin/qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        IMAGES + "/small.qcow2",
        "-F",
        "qcow2",
        IMAGES + "/web.qcow2");
    Files.writeString(images.resolve("web.xml"), definition());
    other.run("/usr/bin/virsh", "-q", "define", IMAGES + "/web.xml");
    other.run("/usr/bin/virsh", "-q", "start", "web");
    control.ratoon("up", "--listen", fleet.address(1) + ":7800");
    String token = control.ratoon("host", "token", "-q").strip();
    other.ratoon(
        "agent",
        "join",
        "https://" + fleet.address(1) + ":7800",
        "--token",
        token,
        "--name",
        "second");
    RatoonHost.await("the guest's userland", () -> said("boot 1,"));
    qemu = pid();
  }

  @AfterAll
  static void stop() {
    Path base = other.outside(IMAGES + "/small.qcow2");
    Shell.run(Map.of(), List.of("chattr", "-i", base.toString()));
    fleet.close();
  }

  @Test
  @Order(1)
  void theChainUnderARunningDomainIsAdoptedInPlace() {
    String shown = control.ratoon("host", "adopt", IMAGES, "--in-place", "--host", "second");

    assertThat(shown).containsPattern("small.qcow2 +qcow2 +parent");
    assertThat(shown).containsPattern("web.qcow2 +qcow2 +in-use");
    String listed = control.ratoon("host", "adopted", "--host", "second");
    assertThat(listed).containsPattern("web +running +1 +96 MiB +yes");
    assertThat(other.run("/usr/bin/stat", "-c", "%U %a", IMAGES + "/small.qcow2").strip())
        .isEqualTo("root 444");
    assertThat(pid()).isEqualTo(qemu);
  }

  @Test
  @Order(2)
  void aDeployOfTheSameImageThereStandsOnTheAdoptedFileAndMovesNothing() {
    control.ratoon("image", "add", "small", GuestImages.small().toString(), "--memory", "96M");
    control.ratoon("host", "maintenance", firstName(), "on");
    long before = received();

    control.ratoon("vm", "deploy", "new", "--image", "small");

    assertThat(received() - before).isLessThan(2 << 20);
    VmView vm = control.vm("new");
    assertThat(vm.host().orElseThrow().text()).isEqualTo("second");
    control.awaitUserland("new");
    assertThat(
            other.run(
                "/usr/bin/qemu-img", "info", "-U", vm.disks().getFirst().path().orElseThrow()))
        .contains(IMAGES + "/small.qcow2");
    assertThat(
            other
                .run("/bin/sh", "-c", "ls /srv/ratoon/cache")
                .lines()
                .filter(l -> l.endsWith(".raw")))
        .isEmpty();
  }

  @Test
  @Order(3)
  void theRunningDomainBecomesAVmAndRunsOn() {
    control.ratoon("vm", "adopt", "web", "--host", "second");

    VmView vm = control.vm("web");
    assertThat(vm.state()).isEqualTo(VmState.RUNNING);
    assertThat(vm.id().toString()).isEqualTo(ID);
    assertThat(pid()).isEqualTo(qemu);
    assertThat(other.run("/usr/bin/virsh", "-q", "list", "--all", "--persistent").strip())
        .isEmpty();
    assertThat(other.run("/bin/ls", "/srv/ratoon/agent/taken-over").strip()).isEqualTo(ID + ".xml");
    RatoonHost.await(
        "the domain to be listed no longer",
        () ->
            Optional.of(control.ratoon("host", "adopted", "--host", "second"))
                .filter(listed -> !listed.contains("running")));
  }

  @Test
  @Order(4)
  void anAgentThatIsKilledStillKnowsIt() {
    other.killRatoon();
    other.ratoon("agent", "up");
    RatoonHost.await(
        "the VM to be reported",
        () -> Optional.of(control.vm("web")).filter(v -> v.state() == VmState.RUNNING));
    assertThat(pid()).isEqualTo(qemu);
  }

  @Test
  @Order(5)
  void afterItsNextStartItIsAsAllOthersAndHasItsData() {
    control.ratoon("vm", "stop", "web", "--now");
    control.ratoon("vm", "start", "web");

    control.awaitBoot("web", 2);
    assertThat(other.tryRun("/usr/bin/test", "-e", IMAGES + "/web.qcow2").exit()).isNotZero();
    assertThat(
            other.run(
                "/usr/bin/qemu-img",
                "check",
                "-U",
                control.vm("web").disks().getFirst().path().orElseThrow()))
        .contains("No errors");
  }

  @Test
  @Order(6)
  void whatIsAdoptedIsGivenBackOnlyWhenNothingStandsOnIt() {
    Shell.Result refused = control.tryRatoon("host", "unadopt", IMAGES, "--host", "second");

    assertThat(refused.exit()).isNotZero();
    assertThat(refused.err()).contains("web", "new");
    assertThat(other.run("/usr/bin/stat", "-c", "%a", IMAGES + "/small.qcow2").strip())
        .isEqualTo("444");
  }

  private static Optional<String> said(String what) {
    try {
      Path log = other.outside(IMAGES + "/console.log");
      String text = Files.exists(log) ? Files.readString(log) : "";
      return text.contains(what) ? Optional.of(text) : Optional.empty();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  private static String pid() {
    return other.run("/usr/bin/pgrep", "-f", "guest=web,").strip();
  }

  private static String firstName() {
    return control.hosts().stream()
        .map(host -> host.name().text())
        .filter(name -> !name.equals("second"))
        .findFirst()
        .orElseThrow();
  }

  /** Bytes that came over the second host's cable. */
  private static long received() {
    return Long.parseLong(other.run("/bin/cat", "/sys/class/net/eth0/statistics/rx_bytes").strip());
  }

  private static String definition() {
    return """
    <domain type='qemu'>
      <name>web</name><uuid>%s</uuid><memory unit='MiB'>96</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type></os>
      <features><acpi/></features>
      <devices>
        <disk type='file' device='disk'>
          <driver name='qemu' type='qcow2'/><source file='%s/web.qcow2'/>
          <target dev='vda' bus='virtio'/>
        </disk>
        <interface type='user'>
          <mac address='52:54:00:00:00:07'/><model type='virtio'/>
        </interface>
        <serial type='file'><source path='%s/console.log'/><target port='0'/></serial>
        <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>
      </devices>
    </domain>
    """
        .formatted(ID, IMAGES, IMAGES);
  }
}
