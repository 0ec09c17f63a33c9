package dev.ratoon.disk.file;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ratoon.disk.InMemory;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file has one writer at a time, and any number of readers. */
class WriteLockTest {
  @TempDir(factory = InMemory.class)
  Path folder;

  private Path path;

  @BeforeEach
  void makeFile() throws Exception {
    path = folder.resolve("disk");
    Files.write(path, new byte[512]);
  }

  @Test
  void aSecondWriterIsRefusedUntilTheFirstIsGone() {
    ImageFile first = ImageFile.openWritable(path);
    assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(path));
    first.close();
    ImageFile.openWritable(path).close();
  }

  @Test
  void whoCreatesAFileIsItsWriter() throws Exception {
    Path made = folder.resolve("made");
    ImageFile writer = ImageFile.create(made);
    assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(made));
    assertRefused(ErrorCode.NAME_TAKEN, () -> ImageFile.create(made));
    writer.write(0, ByteBuffer.wrap(new byte[] {1}));
    writer.close();
    assertThat(made).hasBinaryContent(new byte[] {1});
  }

  @Test
  void readersComeAndGoAndTakeNothingAway() {
    ImageFile reader = ImageFile.open(path);
    ImageFile writer = ImageFile.openWritable(path);
    ImageFile.open(path).close();
    reader.close();
    assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(path));
    writer.close();
  }

  @Test
  void aWatchedFileIsTheSameWriter() {
    ImageFile file = ImageFile.openWritable(path);
    ImageFile watched = file.observedBy(new dev.ratoon.disk.CrashLog(new byte[512]));
    assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(path));
    watched.close();
    ImageFile.openWritable(path).close();
  }

  @Test
  void aRefusedWriterLeavesNoLockBehind() {
    try (ImageFile first = ImageFile.openWritable(path)) {
      for (int i = 0; i < 3; i++) {
        assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(path));
      }
      assertThat(first.length()).isEqualTo(512);
    }
    ImageFile.openWritable(path).close();
  }

  @Test
  void theLocksLieWhereQemuLooksForThem() throws Exception {
    assumeTrue(Files.isReadable(Path.of("/proc/locks")));
    // docs/formats/raw.md: all permissions are used, and all but reading are kept.
    try (ImageFile _ = ImageFile.openWritable(path)) {
      assertThat(locks()).containsExactlyInAnyOrder("READ 100 103", "READ 201 203");
    }
    try (ImageFile _ = ImageFile.open(path)) {
      assertThat(locks()).isEmpty();
    }
  }

  /** The locks of the file, as the system lists them: their kind, first and last byte. */
  private List<String> locks() throws Exception {
    String inode = ":" + Files.getAttribute(path, "unix:ino");
    // 1: OFDLCK ADVISORY READ -1 00:19:17 100 103
    return Files.readAllLines(Path.of("/proc/locks")).stream()
        .map(line -> line.strip().split("\\s+"))
        .filter(words -> words[1].equals("OFDLCK") && words[5].endsWith(inode))
        .map(words -> words[3] + " " + words[6] + " " + words[7])
        .toList();
  }
}
