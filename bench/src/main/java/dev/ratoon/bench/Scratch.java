package dev.ratoon.bench;

import dev.ratoon.disk.file.ImmutableFlag;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Files that benchmarks make and remove. */
public final class Scratch {
  private static final int PIECE = 4 << 20;

  private Scratch() {}

  /** Where they lie: {@code BENCH_FOLDER}, or the folder for temporary files. */
  public static Path folder() {
    String chosen = System.getenv("BENCH_FOLDER");
    return Path.of(chosen != null ? chosen : System.getProperty("java.io.tmpdir"));
  }

  static Path sparse(Path file, long size) throws IOException {
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(size);
    }
    return file;
  }

  /**
   * A raw file of {@code size} bytes with random bytes in its first {@code filled}, others for
   * every seed.
   */
  public static Path random(Path file, long size, long seed, long filled) throws IOException {
    sparse(file, size);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] piece = new byte[PIECE];
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (long at = 0; at < filled; at += PIECE) {
        random.nextBytes(piece);
        ByteBuffer bytes = ByteBuffer.wrap(piece, 0, (int) Math.min(PIECE, filled - at));
        out.write(bytes, at);
      }
      out.force(true);
    }
    return file;
  }

  /** A raw file of which every second stretch is random bytes, the first one included. */
  static Path halfFull(Path file, long size, long stretch, long seed) throws IOException {
    sparse(file, size);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] piece = new byte[(int) stretch];
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (long at = 0; at < size; at += 2 * stretch) {
        random.nextBytes(piece);
        out.write(ByteBuffer.wrap(piece), at);
      }
      out.force(true);
    }
    return file;
  }

  public static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        ImmutableFlag.clear(file); // which base disks have
        Files.delete(file);
      }
    }
  }
}
