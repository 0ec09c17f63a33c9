package dev.ratoon.cache.arrival;

import dev.ratoon.model.Problem;

/** Hears what a source has of one base. May be called from any thread; returns soon. */
public interface FeedListener {
  /** It has all of the base. */
  void hasAll();

  /** It has these chunks, beside those that it had before. */
  void has(long firstChunk, long count);

  /**
   * It delivers nothing more: every request that is under way has failed. {@code NOT_FOUND} if it
   * has nothing of the base: an arriving peer will soon, and is soon asked again.
   */
  void failed(Problem why);
}
