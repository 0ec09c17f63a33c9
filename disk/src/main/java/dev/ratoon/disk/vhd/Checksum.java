package dev.ratoon.disk.vhd;

import java.nio.ByteBuffer;

/** The checksum of VHD's structures: the one's complement of the sum of their bytes. */
final class Checksum {
  private Checksum() {}

  /** Of all of {@code bytes}, from 0 to the capacity, but the four at {@code checksumAt}. */
  static int of(ByteBuffer bytes, int checksumAt) {
    int sum = 0;
    for (int at = 0; at < bytes.capacity(); at++) {
      if (at < checksumAt || at >= checksumAt + Integer.BYTES) {
        sum += Byte.toUnsignedInt(bytes.get(at));
      }
    }
    return ~sum;
  }
}
