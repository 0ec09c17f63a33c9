package dev.ratoon.disk.manifest;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.zip.CRC32C;

/**
 * The CRC-32C of each chunk of a disk as it was read, to be compared with what is read back from a
 * copy: it finds what a disk, a cable or memory did to the bytes. It is no identity. A chunk of
 * which nothing was said is zero.
 */
public final class ChunkChecksums {
  private final long size;
  private final AtomicReferenceArray<int[]> pages;
  private final int ofZeros;
  private final int ofLastZeros;

  public ChunkChecksums(long size) {
    this.size = size;
    this.pages = new AtomicReferenceArray<>(Manifest.pages(size));
    this.ofZeros = crcOfZeros(Manifest.CHUNK_BYTES);
    this.ofLastZeros = crcOfZeros(Manifest.chunkBytes(size, Manifest.chunks(size) - 1));
  }

  /** Bytes of the disk. */
  public long size() {
    return size;
  }

  public void put(long chunk, int crc) {
    page((int) (chunk / Manifest.CHUNKS_PER_PAGE))[slot(chunk)] = crc;
  }

  boolean matches(long chunk, int crc) {
    return get(chunk) == crc;
  }

  boolean matchesZeros(long chunk) {
    return get(chunk) == zeros(chunk);
  }

  /** Whether nothing but zeros was said of all chunks of the page that begins at {@code chunk}. */
  boolean pageIsZero(long chunk) {
    return pages.get((int) (chunk / Manifest.CHUNKS_PER_PAGE)) == null;
  }

  private int get(long chunk) {
    int[] page = pages.get((int) (chunk / Manifest.CHUNKS_PER_PAGE));
    return page == null ? zeros(chunk) : page[slot(chunk)];
  }

  private int zeros(long chunk) {
    return chunk == Manifest.chunks(size) - 1 ? ofLastZeros : ofZeros;
  }

  private int[] page(int index) {
    int[] page = pages.get(index);
    if (page != null) {
      return page;
    }
    int[] fresh = new int[Manifest.CHUNKS_PER_PAGE];
    Arrays.fill(fresh, ofZeros);
    long lastChunk = Manifest.chunks(size) - 1;
    if (lastChunk / Manifest.CHUNKS_PER_PAGE == index) {
      fresh[slot(lastChunk)] = ofLastZeros;
    }
    int[] winner = pages.compareAndExchange(index, null, fresh);
    return winner == null ? fresh : winner;
  }

  private static int slot(long chunk) {
    return (int) (chunk % Manifest.CHUNKS_PER_PAGE);
  }

  private static int crcOfZeros(int length) {
    CRC32C crc = new CRC32C();
    crc.update(new byte[length]);
    return (int) crc.getValue();
  }
}
