package dev.ratoon.cli.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmSshTest {
  private static final String VM =
      """
      {"id":"00000000-0000-0000-0000-000000000001","name":"web","state":"running",
       "wanted":"running","cpus":1,"memoryBytes":1,"firmware":"bios","restart":"never","disks":[],
       "networks":[],"createdAt":"2026-11-23T12:00:00Z","restarts":0,ADDRESS}
      """;
  private static final Path KNOWN = Path.of("/k");

  @Test
  void reachesAGuestThroughItsHostsPort() {
    assertThat(
            arguments("\"sshPort\":22001,\"address\":\"10.0.2.15\"", "me", List.of("uptime", "-p")))
        .startsWith("ssh")
        .contains("HostKeyAlias=00000000-0000-0000-0000-000000000001", "UserKnownHostsFile=/k")
        .endsWith("-l", "me", "-p", "22001", "127.0.0.1", "uptime", "-p");
  }

  @Test
  void reachesAGuestByItsAddress() {
    assertThat(arguments("\"address\":\"192.168.1.9\"", "", List.of()))
        .doesNotContain("-l", "-p")
        .endsWith("192.168.1.9");
  }

  private static List<String> arguments(String address, String user, List<String> command) {
    return VmSsh.arguments(
        Json.read(VM.replace("ADDRESS", address), VmView.class), user, command, KNOWN);
  }
}
