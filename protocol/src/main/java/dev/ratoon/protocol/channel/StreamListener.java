package dev.ratoon.protocol.channel;

import dev.ratoon.model.Problem;
import java.util.BitSet;

/** Hears what a source says of a base disk by itself. */
public interface StreamListener {
  /**
   * The source has these chunks; what it had before, it still has. Not called for a base that is
   * complete at the source. Called by the thread that reads the connection, perhaps before the
   * stream is returned to who opened it; must return at once.
   *
   * @param chunks counted from {@code firstChunk}, at most 65,536 of them
   */
  void has(int firstChunk, BitSet chunks);

  /** The source or the connection ended the stream. Not called if this side did. */
  void closed(Problem why);
}
