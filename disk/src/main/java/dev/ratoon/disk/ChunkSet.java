package dev.ratoon.disk;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Some of a disk's chunks, by their numbers. Takes a bit for each chunk of those regions of 4 GiB
 * that have one, so little for what is written to few places. Any number of threads may add and ask
 * at once; nothing is ever taken out.
 */
public final class ChunkSet {
  private static final int PAGE_BITS = 16;
  private static final int WORDS = 1 << (PAGE_BITS - 6);
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);

  private final long chunks;
  private final AtomicReferenceArray<long[]> pages;

  /**
   * No chunk of a disk.
   *
   * @param size bytes of the disk, 1 to 64 TiB
   */
  public ChunkSet(long size) {
    if (size < 1 || size > Limits.MAX_DISK_BYTES) {
      throw new IllegalArgumentException("a disk of " + size + " bytes");
    }
    this.chunks = (size - 1) / Limits.CHUNK_BYTES + 1;
    this.pages = new AtomicReferenceArray<>((int) ((chunks - 1) >>> PAGE_BITS) + 1);
  }

  /** How many chunks the disk has. */
  public long chunks() {
    return chunks;
  }

  /** Adds every chunk of which a range has a part. */
  public void addRange(long offset, long length) {
    if (length <= 0) {
      return;
    }
    long last = (offset + length - 1) / Limits.CHUNK_BYTES;
    Objects.checkIndex(last, chunks);
    long chunk = Objects.checkIndex(offset / Limits.CHUNK_BYTES, chunks);
    while (chunk <= last) {
      long wordEnd = Math.min(chunk | 63, last);
      long bits = -1L >>> (63 - (wordEnd - chunk)) << (chunk & 63);
      set(page(chunk), word(chunk), bits);
      chunk = wordEnd + 1;
    }
  }

  private static void set(long[] page, int word, long bits) {
    if (((long) WORD.getVolatile(page, word) & bits) != bits) {
      long _ = (long) WORD.getAndBitwiseOr(page, word, bits);
    }
  }

  /** Whether it has this chunk. */
  public boolean contains(long chunk) {
    Objects.checkIndex(chunk, chunks);
    long[] page = pages.get((int) (chunk >>> PAGE_BITS));
    return page != null && ((long) WORD.getVolatile(page, word(chunk)) >>> chunk & 1) != 0;
  }

  /** Whether it has no chunk at all. */
  public boolean isEmpty() {
    return next(0) == chunks;
  }

  /** How many chunks it has. */
  public long count() {
    long count = 0;
    for (int i = 0; i < pages.length(); i++) {
      long[] page = pages.get(i);
      for (int word = 0; page != null && word < WORDS; word++) {
        count += Long.bitCount((long) WORD.getVolatile(page, word));
      }
    }
    return count;
  }

  /** The first chunk at or after {@code chunk} that it has; {@link #chunks} if none is. */
  public long next(long chunk) {
    return find(chunk, 0);
  }

  /** The first chunk at or after {@code chunk} that it has not; {@link #chunks} if none is. */
  public long nextAbsent(long chunk) {
    return find(chunk, -1);
  }

  /**
   * @param flipped 0 to find a bit that is set, -1 to find one that is not
   */
  private long find(long chunk, long flipped) {
    long at = chunk;
    while (at < chunks) {
      long[] page = pages.get((int) (at >>> PAGE_BITS));
      if (page == null) {
        if (flipped != 0) {
          return at;
        }
        at = ((at >>> PAGE_BITS) + 1) << PAGE_BITS;
      } else {
        long bits = ((long) WORD.getVolatile(page, word(at)) ^ flipped) >>> at;
        if (bits != 0) {
          return Math.min(at + Long.numberOfTrailingZeros(bits), chunks);
        }
        at = (at | 63) + 1;
      }
    }
    return chunks;
  }

  private long[] page(long chunk) {
    int index = (int) (chunk >>> PAGE_BITS);
    long[] page = pages.get(index);
    if (page != null) {
      return page;
    }
    long[] fresh = new long[WORDS];
    long[] winner = pages.compareAndExchange(index, null, fresh);
    return winner == null ? fresh : winner;
  }

  private static int word(long chunk) {
    return (int) (chunk >>> 6) & (WORDS - 1);
  }
}
