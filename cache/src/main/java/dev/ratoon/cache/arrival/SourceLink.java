package dev.ratoon.cache.arrival;

import dev.ratoon.cache.arrival.ArrivalListener.Reason;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One source of one arrival: open, or resting after it was left, or left for good. Guarded by the
 * arrival's lock.
 */
final class SourceLink {
  private static final long FIRST_REST_NANOS = 1_000_000_000L;

  /** Who is to have the base and has nothing of it yet will have some soon. */
  private static final long FIRST_REST_OF_BEGINNER_NANOS = 50_000_000L;

  private static final long LONGEST_REST_NANOS = 30_000_000_000L;

  private final Source source;
  private final Map<Long, ChunkFetch> fetches = new HashMap<>();
  private @Nullable Feed feed;
  private @Nullable SourceTrack track;
  private @Nullable Problem leftWith;
  private boolean banned;
  private long restNanos = FIRST_REST_NANOS;
  private long beginnerRestNanos = FIRST_REST_OF_BEGINNER_NANOS;
  private long restsUntilNanos;

  /** Which feed it is: what an earlier one still says does not count. */
  private int opened;

  SourceLink(Source source) {
    this.source = source;
  }

  Source source() {
    return source;
  }

  /** The feed, if the source is open. */
  Optional<Feed> feed() {
    return Optional.ofNullable(feed);
  }

  Optional<SourceTrack> track() {
    return Optional.ofNullable(track);
  }

  Map<Long, ChunkFetch> fetches() {
    return fetches;
  }

  int opened() {
    return opened;
  }

  boolean isBanned() {
    return banned;
  }

  /** Why it was left last. */
  Optional<Problem> leftWith() {
    return Optional.ofNullable(leftWith);
  }

  boolean isOpen() {
    return track != null;
  }

  boolean mayOpen(long nowNanos) {
    return track == null && !banned && (leftWith == null || nowNanos - restsUntilNanos >= 0);
  }

  /** It is about to be opened. Returns the number of the feed. */
  int opening(SourceTrack fresh) {
    track = fresh;
    return ++opened;
  }

  void opened(Feed fresh) {
    feed = fresh;
  }

  /** It delivered something good. */
  void proven() {
    restNanos = FIRST_REST_NANOS;
    beginnerRestNanos = FIRST_REST_OF_BEGINNER_NANOS;
  }

  /** It is left. Returns its feed, to be closed. */
  Optional<Feed> leave(Reason reason, Problem why, long nowNanos) {
    Optional<Feed> closing = feed();
    feed = null;
    track = null;
    leftWith = why;
    banned = reason == Reason.WRONG_CONTENT;
    restsUntilNanos = nowNanos + nextRestNanos(why);
    opened++;
    return closing;
  }

  /** Whether it has only not begun yet. */
  boolean isBeginner(Problem why) {
    return source.kind() == Source.Kind.ARRIVING_PEER && why.code() == ErrorCode.NOT_FOUND;
  }

  private long nextRestNanos(Problem why) {
    if (isBeginner(why)) {
      long rest = beginnerRestNanos;
      beginnerRestNanos = Math.min(2 * rest, LONGEST_REST_NANOS);
      return rest;
    }
    long rest = restNanos;
    restNanos = Math.min(2 * rest, LONGEST_REST_NANOS);
    return rest;
  }
}
