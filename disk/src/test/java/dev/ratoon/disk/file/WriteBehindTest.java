package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** It may do nothing, and never does harm. */
class WriteBehindTest {
  private static final long MUCH = 64 << 20;

  @TempDir Path folder;

  @Test
  void itTakesAnyFileAndSaysNothing() throws Exception {
    Path file = folder.resolve("large");
    try (RandomAccessFile written = new RandomAccessFile(file.toFile(), "rw");
        WriteBehind behind = WriteBehind.of(file)) {
      written.write(new byte[1 << 20]);
      behind.wrote(1 << 20);
      behind.wrote(MUCH);
    }
    try (WriteBehind behind = WriteBehind.of(folder.resolve("not there"))) {
      behind.wrote(MUCH);
    }
  }

  @Test
  void whoComesTooLateIsNotHeard() throws Exception {
    Path file = folder.resolve("large");
    new RandomAccessFile(file.toFile(), "rw").close();
    WriteBehind behind = WriteBehind.of(file);
    behind.close();
    assertThatCode(() -> behind.wrote(MUCH)).doesNotThrowAnyException();
    behind.close();
  }
}
