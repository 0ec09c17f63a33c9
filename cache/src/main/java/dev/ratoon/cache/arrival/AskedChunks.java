package dev.ratoon.cache.arrival;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The chunks that were asked for and have not come, in the order in which they were asked for, each
 * with the source or two that it was asked of.
 */
final class AskedChunks {
  private static final int MOST_ASKED_OF = 2;

  /** A second source is asked when the first takes so many times longer than it usually does. */
  private static final int PATIENCE_FACTOR = 3;

  private static final long LEAST_PATIENCE_NANOS = 250_000_000;
  private static final long LEAST_PATIENCE_BEFORE_LIBRARY_NANOS = 1_000_000_000;

  private record Asked(long sinceNanos, List<SourceTrack> of) {}

  private final Map<Long, Asked> chunks = new LinkedHashMap<>();

  int count() {
    return chunks.size();
  }

  void add(long chunk, SourceTrack track, long nowNanos) {
    chunks.computeIfAbsent(chunk, _ -> new Asked(nowNanos, new ArrayList<>(1))).of().add(track);
    track.ask(chunk, nowNanos);
  }

  /** One that is longer in coming than it should be, and that this source has too. */
  OptionalLong overdue(SourceTrack track, long nowNanos) {
    for (Map.Entry<Long, Asked> entry : chunks.entrySet()) {
      Asked asked = entry.getValue();
      long age = nowNanos - asked.sinceNanos();
      if (age < LEAST_PATIENCE_NANOS) {
        break;
      }
      if (asked.of().size() < MOST_ASKED_OF
          && !asked.of().contains(track)
          && track.has(entry.getKey())
          && age > patienceNanos(asked, track)) {
        return OptionalLong.of(entry.getKey());
      }
    }
    return OptionalLong.empty();
  }

  private static long patienceNanos(Asked asked, SourceTrack second) {
    double usual = asked.of().getFirst().latencyNanos() * PATIENCE_FACTOR;
    long least =
        second.kind().isLibrary() ? LEAST_PATIENCE_BEFORE_LIBRARY_NANOS : LEAST_PATIENCE_NANOS;
    return Math.max((long) usual, least);
  }

  /**
   * A chunk came.
   *
   * @return who else was asked for it, and need not answer any more; empty if nobody waits for it
   */
  Optional<List<SourceTrack>> arrived(SourceTrack track, long chunk, int bytes, long nowNanos) {
    if (!track.delivered(chunk, bytes, nowNanos)) {
      return Optional.empty();
    }
    Optional<Asked> asked = Optional.ofNullable(chunks.remove(chunk));
    asked.ifPresent(a -> settle(a.of(), track, chunk));
    return asked.map(a -> others(a.of(), track));
  }

  private static List<SourceTrack> others(List<SourceTrack> askedOf, SourceTrack first) {
    List<SourceTrack> others = new ArrayList<>(askedOf);
    others.remove(first);
    return others;
  }

  private static void settle(List<SourceTrack> askedOf, SourceTrack first, long chunk) {
    boolean before = true;
    for (SourceTrack track : askedOf) {
      if (track == first) {
        before = false;
      } else if (before) {
        track.miss(chunk);
      } else {
        track.forget(chunk);
      }
    }
  }

  /** A source does not deliver a chunk; whether now nobody does, so that it is wanted again. */
  boolean failed(SourceTrack track, long chunk) {
    Asked asked = chunks.get(chunk);
    boolean last =
        track.forget(chunk) && asked != null && asked.of().remove(track) && asked.of().isEmpty();
    if (last) {
      chunks.remove(chunk);
    }
    return last;
  }
}
