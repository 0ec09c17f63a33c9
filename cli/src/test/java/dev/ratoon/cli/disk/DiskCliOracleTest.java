package dev.ratoon.cli.disk;

import static dev.ratoon.cli.disk.DiskCli.MIB;
import static dev.ratoon.cli.disk.DiskCli.done;
import static dev.ratoon.cli.disk.DiskCli.id;
import static dev.ratoon.cli.disk.DiskCli.json;
import static dev.ratoon.cli.disk.DiskCli.names;
import static dev.ratoon.cli.disk.DiskCli.raw;
import static dev.ratoon.cli.disk.DiskCli.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.Cli;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.disk.DiskCli.Ran;
import dev.ratoon.cli.output.Terminal;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** QEMU's tools agree with ours; full disks and Ctrl-C are what they are to users. */
class DiskCliOracleTest {
  private static final int CTRL_C = 130;

  @TempDir Path folder;
  private Path base = Path.of("");
  private Path child = Path.of("");

  @BeforeEach
  void chain() throws Exception {
    base = raw(folder.resolve("base.raw"), 3, 16 * MIB);
    child = folder.resolve("child.qcow2");
    done("child", child, "--parent", base, "--size", "20M");
    tool("qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 300k", "-c", "write -z 8M 512k", child);
  }

  @Test
  void qemuReadsTheSame() throws Exception {
    Path copy = folder.resolve("copy.raw");
    done("convert", child, copy, "--verify");
    tool("qemu-img", "compare", "-F", "raw", child, copy);
    Path packed = folder.resolve("packed.qcow2");
    tool("qemu-img", "convert", "-c", "-O", "qcow2", child, packed);
    assertThat(id(packed)).isEqualTo(id(child));
    assertThat(done("check", packed).out()).contains("sound");
    done("compare", packed, child, "--strict");
  }

  @Test
  void theMapIsQemus() throws Exception {
    JsonNode ours = json(done("map", child, "-o", "json"));
    JsonNode theirs =
        Json.mapper().readTree(tool("qemu-img", "map", "--output=json", "-f", "qcow2", child));
    assertThat(data(ours, "offsetBytes", "lengthBytes"))
        .isEqualTo(data(theirs, "start", "length"))
        .hasSizeGreaterThan(3);
  }

  /** Where there is data, and in which file. */
  private static List<String> data(JsonNode map, String offset, String length) {
    List<String> data = new ArrayList<>();
    for (JsonNode part : map) {
      boolean stored =
          part.has("kind")
              ? part.at("/kind").asString().equals("data")
              : part.at("/data").asBoolean();
      if (stored) {
        data.add(part.get(offset) + "+" + part.get(length) + " in " + part.get("depth"));
      }
    }
    return data;
  }

  @Test
  void aFullDiskIsSaidInWordsAndLeavesNothing() throws Exception {
    Path small = Files.createDirectory(folder.resolve("small"));
    tool("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small);
    try {
      Path target = small.resolve("copy.raw");
      Ran ran = run("convert", child, target);
      assertThat(ran.code()).isEqualTo(ExitCode.HOST);
      assertThat(ran.err())
          .contains("error: writing '" + target + "' failed", "(disk-full)", "next:  Free space");
      assertThat(names(small)).isEmpty();
    } finally {
      tool("umount", small);
    }
  }

  @Test
  void ctrlCLeavesNothing() throws Exception {
    Path large = folder.resolve("large.raw");
    byte[] bytes = new byte[MIB];
    Arrays.fill(bytes, (byte) 0xee);
    try (FileChannel file =
        FileChannel.open(large, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < 256; i++) {
        file.write(ByteBuffer.wrap(bytes));
      }
    }
    List<String> before = names(folder);
    Process process =
        new ProcessBuilder(
                // Whoever runs tests in the background may have them ignore it.
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // So slow that it is told to end before it is through, however fast the machine is.
                "-Xint",
                "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                DiskCliOracleTest.class.getName(),
                "disk",
                "convert",
                large.toString(),
                folder.resolve("copy.raw").toString(),
                "--threads",
                "1",
                "--verify")
            .redirectErrorStream(true)
            .start();
    try (InputStream said = process.getInputStream()) {
      // The first line comes when the new file is there and the copying begins.
      assertThat(new String(said.readNBytes(4), StandardCharsets.US_ASCII)).isEqualTo("copy");
      tool("kill", "-INT", process.pid());
      said.readAllBytes();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(CTRL_C);
    } finally {
      process.destroyForcibly();
    }
    assertThat(names(folder)).isEqualTo(before);
  }

  /** What is interrupted. */
  public static void main(String[] args) {
    Session session =
        new Session(
            new Terminal(System.out, System.err, false, false, false, 100),
            InputStream.nullInputStream(),
            Map.of(),
            InstantSource.system());
    System.exit(new Cli(session, List.of()).run(args));
  }

  private static String tool(Object... words) throws IOException, InterruptedException {
    List<String> command = Arrays.stream(words).map(Object::toString).toList();
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(command + ": " + said).isZero();
    return said;
  }
}
