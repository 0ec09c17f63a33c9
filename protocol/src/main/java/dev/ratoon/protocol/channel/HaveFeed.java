package dev.ratoon.protocol.channel;

import java.util.BitSet;
import java.util.Optional;

/**
 * Which chunks of a base that is still arriving the asker has not been told of. What is kept are
 * the places where something is new, in words of 64 chunks; what is there is looked up when a frame
 * is made, so that news that wait melt together.
 */
final class HaveFeed {
  private static final int WORD = 64;
  private static final int MOST_WORDS = Limits.HAVE_BYTES / Long.BYTES;

  private final int stream;
  private final ServedBase base;
  private final Runnable news;
  private final int chunks;
  private final BitSet newWords = new BitSet();

  /** From here on nothing was ever told: the first look goes through the disk once. */
  private int untoldFrom;

  private boolean stopped = true;

  /**
   * @param news called when there is something to tell
   */
  HaveFeed(int stream, ServedBase base, Runnable news) {
    this.stream = stream;
    this.base = base;
    this.news = news;
    this.chunks = new Pieces(base.sizeBytes()).count();
  }

  void start() {
    synchronized (this) {
      stopped = false;
    }
    news.run();
  }

  synchronized void stop() {
    stopped = true;
  }

  void arrived(int chunk) {
    synchronized (this) {
      if (stopped || chunk / WORD >= untoldFrom) {
        return;
      }
      newWords.set(chunk / WORD);
    }
    news.run();
  }

  /** The next frame; empty when everything was told. */
  synchronized Optional<Frame> next() {
    while (!stopped) {
      int from;
      int to;
      int words = (chunks + WORD - 1) / WORD;
      if (untoldFrom < words) {
        from = untoldFrom;
        to = Math.min(words, from + MOST_WORDS);
        untoldFrom = to;
      } else {
        from = newWords.nextSetBit(0);
        if (from < 0) {
          return Optional.empty();
        }
        to = Math.min(newWords.nextClearBit(from), from + MOST_WORDS);
        newWords.clear(from, to);
      }
      BitSet there = look(from * WORD, Math.min(chunks, to * WORD));
      if (!there.isEmpty()) {
        return Optional.of(new Frame.Have(stream, from * WORD, there, (to - from) * WORD));
      }
    }
    return Optional.empty();
  }

  private BitSet look(int from, int to) {
    BitSet there = new BitSet(to - from);
    for (int chunk = from; chunk < to; chunk++) {
      if (base.has(chunk)) {
        there.set(chunk - from);
      }
    }
    return there;
  }
}
