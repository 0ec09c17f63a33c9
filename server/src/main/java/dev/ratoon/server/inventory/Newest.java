package dev.ratoon.server.inventory;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The newest revision of one host, and whoever waits for a newer one. Each host has its own: where
 * thousands wait, a change of one must not wake the others.
 */
final class Newest {
  private static final long NOTHING = -1;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Written under the lock.
  private volatile long newest = NOTHING;

  /** Whether it is known, in this run of the server, that the host follows its database. */
  private volatile boolean follows;

  /** See {@link Revisions#reported}. */
  void reported(long revision, boolean followsNow) {
    follows = followsNow;
    tell(revision);
  }

  void tell(long revision) {
    lock.lock();
    try {
      newest = Math.max(newest, revision);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What the host may be told of; -1 while that is nothing. */
  long revision() {
    return follows ? newest : NOTHING;
  }

  /** Waits until there is something newer than {@code known}, or waiting has no sense any more. */
  long await(long known, Duration wait, BooleanSupplier closed) throws InterruptedException {
    lock.lock();
    try {
      long nanos = wait.toNanos();
      while (revision() <= known && !closed.getAsBoolean() && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      return revision();
    } finally {
      lock.unlock();
    }
  }

  void wake() {
    tell(NOTHING);
  }
}
