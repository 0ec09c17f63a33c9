package dev.ratoon.cache.arrival;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A base that is arriving, as other hosts see it for which this one is an arriving peer. What is
 * verified can be read at once; when all is, the cache has the base.
 */
public interface ArrivingBase {
  DiskId id();

  /** Its manifest, as soon as that has come. */
  Optional<Manifest> manifest();

  /** Whether a chunk was verified and can be read. Chunks of zeros count for nothing. */
  boolean has(long chunk);

  /**
   * Fills {@code target}, which has just the room, with a chunk that was verified.
   *
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if it was not, or the arrival has
   *     ended: then the cache may have the base; {@code file-unreadable}
   */
  void read(long chunk, ByteBuffer target);

  /**
   * Tells {@code listener} of every chunk that was verified, and from then on of each that is, from
   * any thread. A chunk may be told of twice.
   */
  void onVerified(LongConsumer listener);

  /** Tells this listener of nothing more, soon. */
  void forget(LongConsumer listener);
}
