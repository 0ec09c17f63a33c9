package dev.ratoon.cli.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.Cli;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Terminal;
import dev.ratoon.protocol.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Runs disk commands as a user would, in this process, and makes files for them. */
final class DiskCli {
  static final int MIB = 1 << 20;

  private DiskCli() {}

  record Ran(int code, String out, String err) {
    /** The value that follows a title. */
    String value(String title) {
      return out.lines()
          .filter(line -> line.startsWith(title + ":"))
          .map(line -> line.substring(title.length() + 1).strip())
          .findFirst()
          .orElse("");
    }
  }

  /** Runs {@code ratoon disk} with these words. */
  static Ran run(Object... words) {
    return run(Map.of(), words);
  }

  /** The same for a user with that environment. */
  static Ran run(Map<String, String> environment, Object... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Session session =
        new Session(
            new Terminal(stream(out), stream(err), false, false, false, 100),
            InputStream.nullInputStream(),
            environment,
            InstantSource.system());
    String[] args =
        Stream.concat(Stream.of("disk"), Arrays.stream(words).map(Object::toString))
            .toArray(String[]::new);
    int code = new Cli(session, List.of()).run(args);
    return new Ran(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The same, expected to end well. */
  static Ran done(Object... words) {
    Ran ran = run(words);
    assertThat(ran.code()).as(ran.err()).isZero();
    return ran;
  }

  /** The same, expected to end with that code and to say why, with all of these texts. */
  static Ran refused(int code, List<String> texts, Object... words) {
    Ran ran = run(words);
    assertThat(ran.err())
        .containsPattern("(?m)^error: ")
        .contains(texts)
        .doesNotContain("Exception");
    assertThat(ran.code()).as(ran.err()).isEqualTo(code);
    return ran;
  }

  /** What was printed as JSON. */
  static JsonNode json(Ran ran) {
    return Json.mapper().readTree(ran.out());
  }

  static String id(Path disk) {
    return done("id", disk).out().strip();
  }

  /** A sparse raw disk: the first quarter is noise, another MiB of it lies in the middle. */
  static Path raw(Path file, long seed, int bytes) throws IOException {
    Random random = new Random(seed);
    byte[] first = new byte[bytes / 4];
    byte[] middle = new byte[Math.min(MIB, bytes / 4)];
    random.nextBytes(first);
    random.nextBytes(middle);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(first), 0);
      channel.write(ByteBuffer.wrap(middle), bytes / 2);
      channel.write(ByteBuffer.allocate(1), bytes - 1);
    }
    return file;
  }

  /** Writes into a file that is there. */
  static void patch(Path file, long offset, byte... bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), offset);
    }
  }

  /** Waits until the last change of a file is so long ago that no other change can look like it. */
  static void awaitSettled(Path file) throws Exception {
    FileTime changed = (FileTime) Files.getAttribute(file, "unix:ctime");
    while (!Instant.now().isAfter(changed.toInstant().plusMillis(2_100))) {
      Thread.sleep(50);
    }
  }

  /** The names of all files in a folder, hidden ones too. */
  static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
