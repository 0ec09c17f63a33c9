package dev.ratoon.cache;

import dev.ratoon.disk.file.ImmutableFlag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Disk images for tests, made and compared by foreign tools. */
final class Images {
  private Images() {}

  /** A raw image, three quarters of it random and one quarter a hole. */
  static Path random(Path file, int size, long seed) throws IOException {
    byte[] bytes = new byte[size * 3 / 4];
    new Random(seed).nextBytes(bytes);
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      out.write(ByteBuffer.wrap(bytes, 0, size / 2), 0);
      out.write(ByteBuffer.wrap(bytes, size / 2, size / 4), size * 3L / 4);
    }
    return file;
  }

  static Path convert(Path from, Path to, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("qemu-img", "convert", "-f", "raw", "-O", "qcow2"));
    command.addAll(List.of(options));
    command.addAll(List.of(from.toString(), to.toString()));
    run(command.toArray(String[]::new));
    return to;
  }

  /** Fails unless a guest would read the same from both raw files. */
  static void compare(Path a, Path b) throws Exception {
    run("qemu-img", "compare", "-f", "raw", "-F", "raw", a.toString(), b.toString());
  }

  static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(String.join(" ", command) + ": " + said);
    }
  }

  static Imported importInto(Cache cache, Path file, ImportProgress progress) throws IOException {
    try (Upload upload = cache.beginUpload();
        FileChannel in = FileChannel.open(file)) {
      in.transferTo(0, in.size(), upload.channel());
      return cache.importUpload(upload, String.valueOf(file.getFileName()), progress);
    }
  }

  /** Changes one byte as somebody with root's rights could. */
  static void alter(Path file, long offset) throws IOException {
    ImmutableFlag.clear(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, offset);
      one.put(0, (byte) (one.get(0) + 1)).rewind();
      channel.write(one, offset);
    }
  }

  /** Takes the immutable flags off, so that the test's folder can be removed. */
  static void makeDeletable(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }
}
