package dev.ratoon.cache.arrival;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The chunks that a source has just given to another host, from which they can be had when it says
 * so. If it does not in time they are asked for once more, and then the source is not spared.
 */
final class ChunksElsewhere {
  /** Longer than it takes a chunk to arrive, and its news to come back, where links are busy. */
  static final long PATIENCE_NANOS = 400_000_000;

  private final Map<Long, Long> since = new LinkedHashMap<>();
  private final Bits inVain;

  ChunksElsewhere(long chunks) {
    this.inVain = new Bits(chunks);
  }

  void add(long chunk, long nowNanos) {
    since.put(chunk, nowNanos);
  }

  /** A peer says that it has the chunk; whether that was waited for. */
  boolean stopWaiting(long chunk) {
    return since.remove(chunk) != null;
  }

  /** What was waited for too long, and is no longer. */
  List<Long> overdue(long nowNanos) {
    List<Long> overdue = new ArrayList<>();
    for (Map.Entry<Long, Long> entry : since.entrySet()) {
      if (nowNanos - entry.getValue() < PATIENCE_NANOS) {
        break;
      }
      overdue.add(entry.getKey());
    }
    overdue.forEach(since::remove);
    overdue.forEach(inVain::set);
    return overdue;
  }

  /** Whether it was waited for in vain. */
  boolean wasInVain(long chunk) {
    return inVain.get(chunk);
  }
}
