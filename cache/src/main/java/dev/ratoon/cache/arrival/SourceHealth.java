package dev.ratoon.cache.arrival;

import java.util.List;

/** Which sources are better left: those that say nothing, and those much slower than others. */
final class SourceHealth {
  private static final long MOST_SILENT_NANOS = 3_000_000_000L;

  /** So long is enough when others answered in its place so often. */
  private static final long SHORT_SILENCE_NANOS = 1_000_000_000L;

  private static final int MOST_MISSED = 6;
  private static final int FEWEST_ANSWERS = 2;
  private static final double LAGGING_NANOS = 1e9;
  private static final double LAGGING_FACTOR = 8;

  private SourceHealth() {}

  static List<SourceTrack> silent(List<SourceTrack> tracks, long nowNanos) {
    return tracks.stream().filter(track -> isSilent(track, nowNanos)).toList();
  }

  private static boolean isSilent(SourceTrack track, long nowNanos) {
    return track.silentNanos(nowNanos) > MOST_SILENT_NANOS
        || (track.missed() >= MOST_MISSED
            && track.sinceAnswerNanos(nowNanos) > SHORT_SILENCE_NANOS);
  }

  /** Those whose work is better done by others. Who alone has something is never among them. */
  static List<SourceTrack> lagging(List<SourceTrack> tracks) {
    double[] latencies =
        tracks.stream()
            .filter(track -> track.answers() >= FEWEST_ANSWERS)
            .mapToDouble(SourceTrack::latencyNanos)
            .sorted()
            .toArray();
    if (latencies.length < 2) {
      return List.of();
    }
    double bound = Math.max(LAGGING_NANOS, LAGGING_FACTOR * latencies[(latencies.length - 1) / 2]);
    boolean othersHaveAll =
        tracks.stream()
            .anyMatch(track ->
                track.isComplete()
                    && track.answers() >= FEWEST_ANSWERS
                    && track.latencyNanos() <= bound);
    return tracks.stream()
        .filter(track ->
            othersHaveAll && track.answers() >= FEWEST_ANSWERS && track.latencyNanos() > bound)
        .toList();
  }
}
