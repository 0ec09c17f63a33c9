package dev.ratoon.agent.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountsTest {
  @TempDir Path work;

  @Test
  void aPartThatIsMountedOnceMoreIsAnother() throws IOException {
    Path real = work.toRealPath();
    Path disk = Files.createFile(Files.createDirectory(real.resolve("im ages")).resolve("disk"));
    Path folder = Files.createDirectory(real.resolve("vms"));
    String root = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw";

    assertThat(Mounts.of(List.of(root)).canLink(disk, folder)).isTrue();
    String again = "31 27 254:0 /im " + real + "/im\\040ages rw - ext4 /dev/vda rw";
    assertThat(Mounts.of(List.of(root, again)).canLink(disk, folder)).isFalse();
    assertThat(Mounts.of(List.of(root)).canLink(Path.of("/proc/self/status"), folder)).isFalse();
    assertThat(Mounts.of(List.of(root, "garbage")).canLink(real.resolve("gone"), folder)).isFalse();
    assertThat(Mounts.now().canLink(disk, folder)).isTrue();
  }
}
