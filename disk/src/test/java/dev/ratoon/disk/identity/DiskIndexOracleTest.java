package dev.ratoon.disk.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.manifest.Manifest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several processes use one index at once, and are killed, while files are edited secretly. */
@Timeout(60)
class DiskIndexOracleTest {
  private static final int FILES = 24;

  @TempDir Path folder;

  @Test
  void whatKilledProcessesLeaveIsRightOrNotThere() throws Exception {
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < FILES; i++) {
      files.add(Contents.raw(folder.resolve("disk" + i), Contents.mixed(i, 200 * 512)));
    }
    DiskIndex index = IndexWriter.index(folder.resolve("index"));
    List<Process> writers = List.of(writer(files), writer(files));
    for (Process writer : writers) {
      waitFor(writer, FILES);
    }
    for (Path file : files) {
      assertThat(IndexWriter.vouched(index, file)).contains(manifest(file));
    }
    // Each once: two edits within the clock's grain could not be told apart by this test's clock.
    for (Path file : files.subList(0, FILES / 2)) {
      FileTime before = Files.getLastModifiedTime(file);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 1000);
      }
      Files.setLastModifiedTime(file, before);
      Optional<Manifest> vouched = IndexWriter.vouched(index, file);
      vouched.ifPresent(known -> assertThat(known).isEqualTo(manifest(file)));
    }
    for (Process writer : writers) {
      writer.destroyForcibly().waitFor();
    }
    for (Path file : files) {
      Optional<Manifest> vouched = IndexWriter.vouched(index, file);
      vouched.ifPresent(known -> assertThat(known).isEqualTo(manifest(file)));
    }
  }

  private Process writer(List<Path> files) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(IndexWriter.class.getName());
    command.add(folder.resolve("index").toString());
    files.forEach(file -> command.add(file.toString()));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static void waitFor(Process writer, int readings) throws Exception {
    BufferedReader output = writer.inputReader();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.equals(String.valueOf(readings))) {
        return;
      }
    }
    throw new AssertionError("the writer ended");
  }

  private static Manifest manifest(Path file) {
    try {
      return DiskAssert.manifest(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
