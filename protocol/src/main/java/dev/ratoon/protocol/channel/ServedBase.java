package dev.ratoon.protocol.channel;

import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;

/**
 * A base disk that this host gives to one stream: all of it, or as much as has arrived and was
 * verified. Called by several threads; closed once, when nobody reads any more.
 */
public interface ServedBase extends AutoCloseable {
  /** Hears what becomes of a base. May be called by any thread, and returns at once. */
  interface Listener {
    /** This chunk is here now. */
    void arrived(int chunk);

    /** The base cannot be given any more: evicted, or no longer trusted. */
    void withdrawn(Problem why);
  }

  /** Size of the disk, 1 to 64 TiB. */
  long sizeBytes();

  /**
   * Length of a part. The content's is {@link #sizeBytes}; 0 for another part means that it cannot
   * be had here.
   */
  long lengthBytes(Part part);

  /** Whether all chunks are here, for good. */
  boolean isComplete();

  /** Whether this chunk is here; once true it stays so. Quick. */
  boolean has(int chunk);

  /**
   * Fills {@code target} from its position to its limit, which lies within one piece of the part.
   *
   * @throws dev.ratoon.model.RatoonException if it cannot be read; the asker is told why
   */
  void read(Part part, long offset, ByteBuffer target);

  /** From now on {@code listener} hears, until this is closed. Called once. */
  void listen(Listener listener);

  @Override
  void close();
}
