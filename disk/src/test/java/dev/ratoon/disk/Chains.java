package dev.ratoon.disk;

import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/** Makes disks and children, and changes them as a guest might. */
public final class Chains {
  private static final int DEPTH = 16;

  private Chains() {}

  /** A new disk that stands alone. */
  public static WritableDisk create(Path file, long size, CreateOptions options) {
    return VirtualDisks.create(file, size, Optional.empty(), options);
  }

  /** A new child of {@code parent}, of the same size. */
  public static WritableDisk child(Path file, Path parent, CreateOptions options) {
    VirtualDisk below = open(parent);
    return child(file, below, below.size(), options);
  }

  /** A new child; closes {@code parent} with it. */
  public static WritableDisk child(
      Path file, VirtualDisk parent, long size, CreateOptions options) {
    Backing recorded =
        new Backing(
            parent.top().file().toAbsolutePath(),
            parent.format(),
            parent.top().nativeId(),
            Optional.empty());
    return VirtualDisks.create(
        file, size, Optional.of(new VirtualDisks.Parent(parent, recorded)), options);
  }

  public static VirtualDisk open(Path file) {
    return VirtualDisks.open(file, OpenRules.chain(DEPTH));
  }

  public static WritableDisk openWritable(Path file) {
    return VirtualDisks.openWritable(file, VirtualDisks.formatOf(file), OpenRules.chain(DEPTH));
  }

  /** Writes or zeroes a random stretch of {@code disk}, and of {@code content}, its model. */
  public static void change(WritableDisk disk, byte[] content, Random random, int most) {
    int at = random.nextInt(content.length);
    int length = Math.min(content.length - at, 1 + random.nextInt(most));
    if (random.nextInt(3) == 0) {
      disk.zero(at, length);
      Arrays.fill(content, at, at + length, (byte) 0);
    } else {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      disk.write(at, ByteBuffer.wrap(bytes));
      System.arraycopy(bytes, 0, content, at, length);
    }
  }
}
