package dev.ratoon.disk.copy;

import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Zeros;
import java.nio.ByteBuffer;

/** Reads a disk as if zeros followed its end. */
final class Padded {
  private Padded() {}

  /** Fills the rest of {@code target}, however far behind the end of {@code disk} that reaches. */
  static void read(VirtualDisk disk, long offset, ByteBuffer target) {
    int end = target.limit();
    int there = Math.clamp(disk.size() - offset, 0, target.remaining());
    if (there > 0) {
      disk.read(offset, target.limit(target.position() + there));
    }
    Zeros.fill(target.limit(end));
  }
}
