package dev.ratoon.disk.file;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Qemu;
import dev.ratoon.model.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** QEMU and we keep off the files that the other one writes to. */
@Timeout(30)
class WriteLockOracleTest {
  @TempDir Path folder;

  private Path file;

  @BeforeEach
  void makeFile() {
    file = folder.resolve("disk");
    // Not raw: of raw files that are only read, qemu-io lets others write.
    Qemu.img("create", "-q", "-f", "qcow2", file, 1 << 16);
  }

  @Test
  void weKeepOffWhatQemuWrites() throws Exception {
    try (Holder _ = new Holder(file)) {
      assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(file));
      ImageFile.open(file).close();
    }
    ImageFile.openWritable(file).close();
  }

  @Test
  void weKeepOffWhatQemuReads() throws Exception {
    try (Holder _ = new Holder(file, "-r")) {
      assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(file));
    }
    ImageFile.openWritable(file).close();
  }

  @Test
  void whoReadsWhatIsBeingWrittenKeepsNobodyOff() throws Exception {
    try (Holder _ = new Holder(file, "-r", "-U")) {
      ImageFile.openWritable(file).close();
    }
  }

  @Test
  void weKeepOffTheParentOfWhatQemuRuns() throws Exception {
    Path child = folder.resolve("child.qcow2");
    Qemu.img("create", "-q", "-f", "qcow2", "-b", file, "-F", "qcow2", child);
    try (Holder _ = new Holder(child)) {
      assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(file));
      assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(child));
    }
  }

  @Test
  void qemuKeepsOffWhatWeWrite() throws Exception {
    try (ImageFile ours = ImageFile.openWritable(file)) {
      assertThat(run("qemu-io", "-f", "qcow2", "-c", "write 0 512", file))
          .contains("\"write\" lock");
      assertThat(run("qemu-img", "info", file)).contains("shared \"write\" lock");
      assertThat(run("qemu-img", "info", "-U", file)).contains("disk size");
      assertThat(ours.length()).isPositive();
    }
    assertThat(run("qemu-io", "-f", "qcow2", "-c", "write 0 512", file)).contains("wrote 512");
  }

  private static String run(Object... command) throws Exception {
    Process process =
        new ProcessBuilder(Arrays.stream(command).map(Object::toString).toList())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  /** A process of QEMU that has a file open until it is closed. */
  private static final class Holder implements AutoCloseable {
    private final Process process;

    Holder(Path file, String... options) throws IOException {
      List<String> command = new ArrayList<>(List.of("qemu-io"));
      command.addAll(Arrays.asList(options));
      command.addAll(List.of("-f", "qcow2", file.toString()));
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().write("read 0 512\n".getBytes(StandardCharsets.US_ASCII));
      process.getOutputStream().flush();
      // It answers, so it has the file.
      BufferedReader answers = process.inputReader();
      String line = answers.readLine();
      while (line != null && !line.contains("read 512/512")) {
        line = answers.readLine();
      }
      assertThat(line).isNotNull();
    }

    @Override
    public void close() {
      process.destroyForcibly().onExit().join();
    }
  }
}
