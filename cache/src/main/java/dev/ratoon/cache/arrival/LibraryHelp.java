package dev.ratoon.cache.arrival;

import java.util.List;

/**
 * Whether the library has to help although others have all that is wanted: when it has nothing to
 * do and they deliver next to nothing.
 */
final class LibraryHelp {
  private static final long WATCHED_NANOS = 2_000_000_000;

  /** A slow disk still delivers more. */
  private static final long LITTLE_BYTES = 16L << 20;

  private long sinceNanos;
  private long deliveredBefore;
  private boolean started;
  private boolean idle;
  private boolean needed;

  boolean isNeeded() {
    return needed;
  }

  /** Looks again; true if the answer has changed. */
  boolean tick(List<SourceTrack> tracks, long nowNanos) {
    boolean before = needed;
    idle &= tracks.stream().noneMatch(t -> t.kind().isLibrary() && t.inFlight() > 0);
    if (!started || nowNanos - sinceNanos >= WATCHED_NANOS) {
      long delivered = deliveredByOthers(tracks);
      long little = delivered - deliveredBefore;
      needed = started && (needed || idle) && little >= 0 && little < LITTLE_BYTES;
      started = true;
      idle = true;
      sinceNanos = nowNanos;
      deliveredBefore = delivered;
    }
    return needed != before;
  }

  private static long deliveredByOthers(List<SourceTrack> tracks) {
    return tracks.stream()
        .filter(track -> !track.kind().isLibrary())
        .mapToLong(SourceTrack::deliveredBytes)
        .sum();
  }
}
