package dev.ratoon.cache.arrival;

import java.util.Objects;

/** A bit for each chunk of a disk. Not safe for several threads. */
final class Bits {
  private final long chunks;
  private final long[] words;
  private long count;

  Bits(long chunks) {
    this.chunks = chunks;
    this.words = new long[Math.toIntExact((chunks + 63) / 64)];
  }

  long chunks() {
    return chunks;
  }

  /** How many are set. */
  long count() {
    return count;
  }

  boolean get(long chunk) {
    Objects.checkIndex(chunk, chunks);
    return (words[(int) (chunk >>> 6)] >>> chunk & 1) != 0;
  }

  void set(long chunk) {
    Objects.checkIndex(chunk, chunks);
    int word = (int) (chunk >>> 6);
    long before = words[word];
    words[word] |= 1L << chunk;
    count += Long.bitCount(words[word]) - Long.bitCount(before);
  }

  void clear(long chunk) {
    Objects.checkIndex(chunk, chunks);
    int word = (int) (chunk >>> 6);
    long before = words[word];
    words[word] &= ~(1L << chunk);
    count += Long.bitCount(words[word]) - Long.bitCount(before);
  }

  /** Sets all that {@code other} has. */
  void setAll(Bits other) {
    count = 0;
    for (int i = 0; i < words.length; i++) {
      words[i] |= other.words[i];
      count += Long.bitCount(words[i]);
    }
  }

  void clearAll() {
    java.util.Arrays.fill(words, 0);
    count = 0;
  }

  /** The first chunk at or after {@code chunk} that is set; {@link #chunks} if none is. */
  long next(long chunk) {
    if (chunk >= chunks) {
      return chunks;
    }
    int word = (int) (chunk >>> 6);
    long bits = words[word] & -1L << chunk;
    while (bits == 0) {
      word++;
      if (word == words.length) {
        return chunks;
      }
      bits = words[word];
    }
    return ((long) word << 6) + Long.numberOfTrailingZeros(bits);
  }

  /** The bits of 64 chunks. */
  long word(int index) {
    return words[index];
  }

  int words() {
    return words.length;
  }

  Bits copy() {
    Bits copy = new Bits(chunks);
    copy.setAll(this);
    return copy;
  }
}
