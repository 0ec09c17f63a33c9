package dev.ratoon.cache.arrival;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A bit for each chunk of a disk. Takes memory for those stretches of 4 GiB alone in which one was
 * set, so that large disks with little in them cost little. Not safe for several threads.
 */
final class Bits {
  private static final int PAGE_SHIFT = 10;
  private static final int PAGE_WORDS = 1 << PAGE_SHIFT;

  private final long chunks;
  private final int words;
  private final long[] @Nullable [] pages;
  private long count;

  Bits(long chunks) {
    this.chunks = chunks;
    this.words = Math.toIntExact((chunks + 63) / 64);
    this.pages = new long[(words + PAGE_WORDS - 1) >>> PAGE_SHIFT][];
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
    return (word((int) (chunk >>> 6)) >>> chunk & 1) != 0;
  }

  void set(long chunk) {
    Objects.checkIndex(chunk, chunks);
    int word = (int) (chunk >>> 6);
    put(word, word(word) | 1L << chunk);
  }

  void clear(long chunk) {
    Objects.checkIndex(chunk, chunks);
    int word = (int) (chunk >>> 6);
    put(word, word(word) & ~(1L << chunk));
  }

  private void put(int word, long bits) {
    long before = word(word);
    if (bits != before) {
      page(word >>> PAGE_SHIFT)[word & (PAGE_WORDS - 1)] = bits;
      count += Long.bitCount(bits) - Long.bitCount(before);
    }
  }

  private long[] page(int index) {
    long[] page = pages[index];
    if (page == null) {
      page = new long[PAGE_WORDS];
      pages[index] = page;
    }
    return page;
  }

  /** Sets all that {@code other}, of the same disk, has. */
  void setAll(Bits other) {
    for (int word = other.nextFilled(0); word < words; word = other.nextFilled(word + 1)) {
      put(word, word(word) | other.word(word));
    }
  }

  void clearAll() {
    Arrays.fill(pages, null);
    count = 0;
  }

  /** The first chunk at or after {@code chunk} that is set; {@link #chunks} if none is. */
  long next(long chunk) {
    if (chunk >= chunks) {
      return chunks;
    }
    int word = (int) (chunk >>> 6);
    long bits = word(word) & -1L << chunk;
    while (bits == 0) {
      word = nextFilled(word + 1);
      if (word >= words) {
        return chunks;
      }
      bits = word(word);
    }
    return ((long) word << 6) + Long.numberOfTrailingZeros(bits);
  }

  /** The bits of 64 chunks. */
  long word(int index) {
    long[] page = pages[index >>> PAGE_SHIFT];
    return page == null ? 0 : page[index & (PAGE_WORDS - 1)];
  }

  int words() {
    return words;
  }

  /** The first word at or after {@code word} that may have a bit; {@link #words} if none has. */
  int nextFilled(int word) {
    int next = word;
    while (next < words && pages[next >>> PAGE_SHIFT] == null) {
      next = ((next >>> PAGE_SHIFT) + 1) << PAGE_SHIFT;
    }
    return Math.min(next, words);
  }

  Bits copy() {
    Bits copy = new Bits(chunks);
    copy.setAll(this);
    return copy;
  }
}
