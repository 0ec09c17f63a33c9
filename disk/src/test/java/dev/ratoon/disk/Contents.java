package dev.ratoon.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;

/** Disk contents for tests: noise, text, zeros and holes beside each other. */
public final class Contents {
  /** Not a multiple of a chunk, so that the last chunk is partial. */
  public static final int SIZE = 9 * (1 << 20) + 3 * 512;

  private static final int STEP = 48 << 10;

  private Contents() {}

  /** The same bytes for the same seed. */
  public static byte[] mixed(long seed, int size) {
    Random random = new Random(seed);
    byte[] content = new byte[size];
    for (int at = 0; at < size; at += STEP) {
      int end = Math.min(size, at + STEP);
      switch (random.nextInt(4)) {
        case 0 -> {}
        case 1 -> Arrays.fill(content, at, end, (byte) (1 + random.nextInt(255)));
        case 2 -> {
          byte[] noise = new byte[end - at];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, content, at, noise.length);
        }
        default -> content[at + random.nextInt(end - at)] = 1;
      }
    }
    return content;
  }

  /** Writes {@code content} as a raw file, with holes where 4 KiB are zero. */
  public static Path raw(Path file, byte[] content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int at = 0; at < content.length; at += 4096) {
        int length = Math.min(4096, content.length - at);
        boolean last = at + length == content.length;
        if (last || !Arrays.equals(content, at, at + length, new byte[length], 0, length)) {
          channel.write(ByteBuffer.wrap(content, at, length), at);
        }
      }
    }
    return file;
  }

  /** All that a guest reads, read in steps of odd lengths. */
  public static byte[] read(VirtualDisk disk) {
    byte[] content = new byte[(int) disk.size()];
    Random random = new Random(disk.size());
    for (int at = 0; at < content.length; ) {
      int length = Math.min(content.length - at, 1 + random.nextInt(300_000));
      disk.read(at, ByteBuffer.wrap(content, at, length));
      at += length;
    }
    return content;
  }
}
