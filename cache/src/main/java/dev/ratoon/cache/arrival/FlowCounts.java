package dev.ratoon.cache.arrival;

import java.util.concurrent.atomic.AtomicLong;

/** Counts what comes of one base, and from where. */
final class FlowCounts {
  private final AtomicLong data = new AtomicLong();
  private final AtomicLong verified = new AtomicLong();
  private final AtomicLong resumed = new AtomicLong();
  private final AtomicLong relatives = new AtomicLong();
  private final AtomicLong fetched = new AtomicLong();
  private final AtomicLong library = new AtomicLong();
  private final AtomicLong missingChunks = new AtomicLong();

  /** A chunk that is still to come. */
  void missing(int bytes) {
    data.addAndGet(bytes);
    missingChunks.incrementAndGet();
  }

  /** A chunk that was there before. */
  void resumed(int bytes) {
    data.addAndGet(bytes);
    resumed.addAndGet(bytes);
    verified.addAndGet(bytes);
  }

  void fetched(int bytes, Source.Kind from) {
    fetched.addAndGet(bytes);
    library.addAndGet(from.isLibrary() ? bytes : 0);
  }

  /** A chunk was verified and written; true if it was the last one. */
  boolean verified(int bytes, int ofRelatives) {
    verified.addAndGet(bytes);
    relatives.addAndGet(ofRelatives);
    return missingChunks.decrementAndGet() == 0;
  }

  long missingChunks() {
    return missingChunks.get();
  }

  ArrivalProgress progress() {
    return new ArrivalProgress(
        data.get(), verified.get(), resumed.get(), relatives.get(), fetched.get(), library.get());
  }
}
