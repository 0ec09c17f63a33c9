package dev.ratoon.cache.arrival;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Problem;

/** Hears what operators should know of arrivals. Called from any thread; returns soon. */
public interface ArrivalListener {
  /** Nobody listens. */
  ArrivalListener NONE = (base, source, why) -> {};

  /** Why a source was left. */
  enum Reason {
    /** It sent what is not the base's content. It is not asked again for this base. */
    WRONG_CONTENT,
    /** It said nothing for seconds. It is tried again later, like those below. */
    SILENT,
    /** It delivers much less than others. */
    SLOW,
    /** It said that it cannot, or its connection broke. */
    FAILED
  }

  /** A source was left; the arrival goes on with the others. */
  void left(DiskId base, Source source, Left why);

  /** Every chunk of a base was verified and written; it will be synced and published next. */
  default void written(DiskId base, ArrivalProgress progress) {}

  /** Why, and in words. */
  record Left(Reason reason, Problem problem) {}
}
