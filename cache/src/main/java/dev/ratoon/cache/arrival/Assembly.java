package dev.ratoon.cache.arrival;

import dev.ratoon.cache.arrival.Plan.Parts;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.manifest.Manifest;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What each chunk of a base is made of, and the making. The plan is a hint: a chunk for which it
 * was wrong is fetched whole, and when it was wrong too often it is no longer believed at all.
 */
final class Assembly {
  private static final int MOST_MISMATCHES = 64;

  private final Manifest manifest;
  private final Optional<Plan> plan;
  private final AtomicInteger mismatches = new AtomicInteger();

  /** Chunks for which the plan was wrong. */
  private final Bits whole;

  Assembly(Manifest manifest, Optional<Plan> plan) {
    this.manifest = manifest;
    this.plan = plan;
    this.whole = new Bits(manifest.chunks());
  }

  Parts parts(long chunk) {
    synchronized (whole) {
      if (whole.get(chunk)) {
        return Parts.WHOLE;
      }
    }
    return plan.isEmpty() || mismatches.get() > MOST_MISMATCHES
        ? Parts.WHOLE
        : plan.get().parts(chunk);
  }

  /** How many bytes these blocks of a chunk have. */
  int bytes(long chunk, int blocks) {
    int chunkBytes = manifest.chunkBytes(chunk);
    int bytes = 0;
    for (int i = 0; i < Blocks.IN_CHUNK; i++) {
      int length = Math.min(Blocks.BLOCK_BYTES, chunkBytes - i * Blocks.BLOCK_BYTES);
      bytes += (blocks >>> i & 1) == 0 ? 0 : Math.max(0, length);
    }
    return bytes;
  }

  /** The chunk of these parts, if all could be read. */
  Optional<ByteBuffer> make(long chunk, Parts parts, ByteBuffer fetched) {
    ByteBuffer made = ByteBuffer.allocate(manifest.chunkBytes(chunk));
    return plan.isPresent() && plan.get().assemble(chunk, parts, fetched, made)
        ? Optional.of(made)
        : Optional.empty();
  }

  /** What was made of this chunk is not what it should be. */
  void wasWrong(long chunk) {
    mismatches.incrementAndGet();
    synchronized (whole) {
      whole.set(chunk);
    }
  }
}
