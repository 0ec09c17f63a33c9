package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.FileStamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stamp is of the file that is open, to the nanosecond. */
class ImageFileStampTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void aFile() throws Exception {
    file = Files.write(folder.resolve("file"), new byte[1024]);
    Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_000, 123_456_789)));
  }

  @Test
  void itSaysWhatTheSystemSays() throws Exception {
    try (ImageFile open = ImageFile.open(file)) {
      FileStamp stamp = open.stamp().orElseThrow();
      assertThat(stamp)
          .isEqualTo(
              new FileStamp(
                  (long) Files.getAttribute(file, "unix:dev"),
                  (long) Files.getAttribute(file, "unix:ino"),
                  1024,
                  Instant.ofEpochSecond(1_000, 123_456_789),
                  ((FileTime) Files.getAttribute(file, "unix:ctime")).toInstant()));
      assertThat(open.part(512, 512).stamp()).contains(stamp);
    }
  }

  @Test
  void itFollowsTheFileAndNotThePath() throws Exception {
    try (ImageFile open = ImageFile.open(file)) {
      FileStamp before = open.stamp().orElseThrow();
      Files.move(file, folder.resolve("moved"));
      Files.write(file, new byte[1024]);
      FileStamp after = open.stamp().orElseThrow();
      assertThat(after.isOfSameFile(before)).isTrue();
      assertThat(after.changed()).isAfter(before.changed());
      assertThat(after.modified()).isEqualTo(before.modified());
      Files.move(file, folder.resolve("moved"), StandardCopyOption.REPLACE_EXISTING);
      assertThat(open.stamp().orElseThrow().isOfSameFile(before)).as("removed by now").isTrue();
    }
  }

  @Test
  void filesOfOneInodeNumberOnTwoDevicesAreTwo() {
    FileStamp stamp = new FileStamp(1, 2, 3, Instant.EPOCH, Instant.EPOCH);
    assertThat(stamp.isOfSameFile(new FileStamp(9, 2, 3, Instant.EPOCH, Instant.EPOCH))).isFalse();
    assertThat(stamp.isOfSameFile(new FileStamp(1, 9, 3, Instant.EPOCH, Instant.EPOCH))).isFalse();
    assertThat(stamp.isOfSameFile(new FileStamp(1, 2, 9, Instant.MAX, Instant.MAX))).isTrue();
  }

  @Test
  void aClosedFileSaysNothing() {
    ImageFile open = ImageFile.open(file);
    open.close();
    assertThat(open.stamp()).isEmpty();
  }
}
