package dev.ratoon.cache;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.PageCache;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.RatoonException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Reads a base from one end to the other at a pace, by one thread, and compares each chunk with the
 * manifest: as {@link Examination}, but it can be cut off anywhere and go on there.
 *
 * @param right the base's own manifest
 */
record GentleReading(Manifest right, Pace pace, CopyProgress progress) {
  private static final long CHECKPOINT_BYTES = 64L << 20;

  /**
   * What is wrong with the content; empty if nothing is.
   *
   * @param from up to where it was found right before, in bytes
   * @param soFar hears now and then up to where it was found right
   */
  Optional<String> flaw(VirtualDisk disk, long from, LongConsumer soFar) {
    disk.files().forEach(PageCache::forget);
    if (disk.size() != right.size()) {
      return Optional.of("It has another size.");
    }
    try {
      return read(disk, Math.min(from, right.size()) / Manifest.CHUNK_BYTES, soFar);
    } catch (RatoonException failed) {
      return Examination.unreadable(failed);
    }
  }

  private Optional<String> read(VirtualDisk disk, long fromChunk, LongConsumer soFar) {
    ByteBuffer buffer = ByteBuffer.allocate(Manifest.CHUNK_BYTES);
    MessageDigest sha256 = Digests.sha256();
    Wrong wrong = new Wrong();
    long saved = fromChunk * Manifest.CHUNK_BYTES;
    for (long chunk = fromChunk; chunk < right.chunks(); ) {
      long offset = chunk * Manifest.CHUNK_BYTES;
      Extent extent = disk.extentAt(offset, disk.size());
      long end = wholeChunks(extent);
      if (extent.kind() != Extent.Kind.DATA && end > chunk) {
        wrong.dataMissing(chunk, end);
        chunk = end;
      } else {
        int bytes = right.chunkBytes(chunk);
        pace.take(bytes);
        disk.read(offset, buffer.clear().limit(bytes));
        if (!isRight(chunk, buffer.flip(), sha256)) {
          wrong.add(chunk);
        }
        chunk++;
      }
      long done = Math.min(chunk * Manifest.CHUNK_BYTES, right.size());
      progress.at(done, right.size());
      if (wrong.count == 0 && done - saved >= CHECKPOINT_BYTES) {
        soFar.accept(done);
        saved = done;
      }
    }
    return wrong.count == 0
        ? Optional.empty()
        : Optional.of(Examination.wrong(wrong.count, wrong.first));
  }

  /** The chunk behind those that an extent covers whole. */
  private long wholeChunks(Extent extent) {
    return extent.end() == right.size() ? right.chunks() : extent.end() / Manifest.CHUNK_BYTES;
  }

  private boolean isRight(long chunk, ByteBuffer content, MessageDigest sha256) {
    if (right.isZero(chunk)) {
      return Zeros.all(MemorySegment.ofBuffer(content), 0, content.limit());
    }
    sha256.update(content);
    return right.matches(chunk, sha256.digest());
  }

  /** The chunks that are not what they should be. */
  private final class Wrong {
    private long count;
    private long first = -1;

    void add(long chunk) {
      first = count == 0 ? chunk : first;
      count++;
    }

    /** There are only zeros from one chunk up to another. */
    void dataMissing(long from, long end) {
      for (long data = right.nextData(from); data < end; data = right.nextData(data + 1)) {
        add(data);
      }
    }
  }
}
