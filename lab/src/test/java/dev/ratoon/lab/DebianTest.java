package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A real distribution with cloud-init and QEMU's guest agent, from the image to a login by ssh, and
 * back to a moment at which its file systems were at rest. It takes minutes under emulation, so it
 * runs by command alone: {@code ./mvnw -pl lab -am verify -Dtest=DebianTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dratoon.debian=true}.
 */
@EnabledIfSystemProperty(named = "ratoon.debian", matches = "true")
class DebianTest {
  private final Lab lab = Lab.shared();
  private final RatoonHost host = lab.host;

  @Test
  void aUserLogsInWithHisKeyAndFindsTheNameAndSizeThatHeAskedFor() {
    Path image = GuestImages.debian();
    host.run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/srv/key");
    host.ratoon("image", "add", "debian:12", image.toString());

    host.ratoon(
        "vm",
        "deploy",
        "deb",
        "--image",
        "debian:12",
        "--memory",
        "512M",
        "--root-size",
        "3G",
        "--ssh-key",
        "/srv/key.pub");
    host.awaitUserland("deb");

    String said = awaitSsh("hostname; whoami; df -BM --output=size / | tail -1");
    assertThat(said.lines().map(String::strip)).startsWith("deb", "debian");
    assertThat(Integer.parseInt(said.lines().toList().getLast().strip().replace("M", "")))
        .isGreaterThan(2500);
    assertThat(host.vm("deb").disks().getFirst().copiedBytes()).isZero();

    awaitSsh("systemctl is-active qemu-guest-agent");
    // Never synced: nothing but the agent brings it to the disk in time.
    awaitSsh("echo written >calm");
    host.ratoon("vm", "snapshot", "create", "deb", "calm", "--quiesce");
    assertThat(host.ratoon("vm", "snapshot", "list", "deb")).contains("at rest");
    awaitSsh("echo again >calm");
    host.ratoon("vm", "snapshot", "revert", "deb", "calm", "--stop");
    host.ratoon("vm", "start", "deb");
    assertThat(awaitSsh("cat calm").strip()).isEqualTo("written");
    host.ratoon("vm", "delete", "deb", "--yes");
  }

  /** What a command says in the guest, once it succeeds. */
  private String awaitSsh(String command) {
    return RatoonHost.await(
        "'" + command + "' by ssh",
        () -> Optional.of(ssh(command)).filter(said -> said.exit() == 0).map(Shell.Result::out));
  }

  private Shell.Result ssh(String command) {
    String port = String.valueOf(host.vm("deb").sshPort().orElseThrow());
    return host.tryRun(
        "/usr/bin/ssh",
        "-i",
        "/srv/key",
        "-p",
        port,
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "ConnectTimeout=10",
        "-o",
        "BatchMode=yes",
        "debian@127.0.0.1",
        command);
  }
}
