package dev.ratoon.disk.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Only file systems that are known to keep their times of change are relied on. */
class ChangeTimesTest {
  /** 254:3, as stat(2) packs it. */
  private static final long DEVICE = 254 << 8 | 3;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          27 1 254:3 / / rw,relatime shared:1 - ext4 /dev/vda3 rw,errors=remount-ro | true
          27 1 254:3 / / rw,relatime - xfs /dev/vda3 rw                             | true
          27 1 254:3 / / rw,relatime - btrfs /dev/vda3 rw                           | true
          27 1 254:3 / / rw,relatime - nfs4 host:/a rw                              | true
          27 1 254:3 / / rw,relatime - ext4 /dev/vda3 rw,lazytime                   | false
          27 1 254:3 / / rw,lazytime,relatime - ext4 /dev/vda3 rw                   | false
          27 1 254:3 / / rw,relatime - vfat /dev/vda3 rw                            | false
          27 1 254:3 / / rw,relatime - cifs //host/a rw                             | false
          27 1 254:3 / / rw,relatime - fuse.sshfs a rw                              | false
          27 1 254:4 / / rw,relatime - ext4 /dev/vda4 rw                            | false
          27 1 254:33 / / rw,relatime - ext4 /dev/vda4 rw                           | false
          27 1 254:3 / / rw,relatime ext4 /dev/vda3 rw                              | false
          27 1 254:3                                                                | false
          """)
  void eachSystemIsJudgedByItsLine(String line, boolean kept) {
    assertThat(ChangeTimes.areKept(DEVICE, List.of("22 27 0:21 / /proc rw - proc proc rw", line)))
        .isEqualTo(kept);
  }

  @Test
  void everyMountOfASystemCounts() {
    String good = "27 1 254:3 / / rw - ext4 /dev/vda3 rw";
    String lazy = "28 1 254:3 / /b rw,lazytime - ext4 /dev/vda3 rw";
    assertThat(ChangeTimes.areKept(DEVICE, List.of(good, good))).isTrue();
    assertThat(ChangeTimes.areKept(DEVICE, List.of(good, lazy))).isFalse();
    assertThat(ChangeTimes.areKept(DEVICE, List.of())).isFalse();
  }

  @Test
  void largeNumbersAreTakenApartAsTheSystemDoes() {
    // major 0x12345, minor 0x6789a
    long device = 0x12000L << 32 | 0x67800L << 12 | 0x345 << 8 | 0x9a;
    String line = "27 1 %d:%d / / rw - ext4 /dev/vda3 rw".formatted(0x12345, 0x6789a);
    assertThat(ChangeTimes.areKept(device, List.of(line))).isTrue();
  }

  @Test
  void theSystemOfThisProcessIsFound() throws Exception {
    long device = (long) Files.getAttribute(Path.of("/proc/self/fd"), "unix:dev");
    assertThat(ChangeTimes.ofThisSystem(device)).as("proc").isFalse();
  }
}
