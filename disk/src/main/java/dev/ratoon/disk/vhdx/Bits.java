package dev.ratoon.disk.vhdx;

/** Runs of bits, least significant first, in words. */
final class Bits {
  private Bits() {}

  static boolean get(long[] words, int bit) {
    return (words[bit >>> 6] >>> bit & 1) != 0;
  }

  /**
   * The first bit from {@code from} on, before {@code to}, that is {@code value}; or {@code to}.
   */
  static int next(long[] words, int from, int to, boolean value) {
    for (int at = from; at < to; at = (at | 63) + 1) {
      long word = value ? words[at >>> 6] : ~words[at >>> 6];
      long rest = word >>> at;
      if (rest != 0) {
        return Math.min(to, at + Long.numberOfTrailingZeros(rest));
      }
    }
    return to;
  }

  /** Makes the bits from {@code from} on, before {@code to}, {@code value}. */
  static void fill(long[] words, int from, int to, boolean value) {
    for (int at = from; at < to; at = (at | 63) + 1) {
      int end = Math.min(to, (at | 63) + 1);
      long mask = (-1L >>> (64 - (end - at))) << at;
      if (value) {
        words[at >>> 6] |= mask;
      } else {
        words[at >>> 6] &= ~mask;
      }
    }
  }
}
