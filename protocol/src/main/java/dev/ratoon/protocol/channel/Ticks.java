package dev.ratoon.protocol.channel;

import java.util.concurrent.locks.Condition;

/** The time by which rates are kept. */
public interface Ticks {
  Ticks SYSTEM =
      new Ticks() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        @SuppressWarnings("WaitNotInLoop") // whoever calls loops
        public void await(Condition condition, long nanos) throws InterruptedException {
          long _ = condition.awaitNanos(nanos);
        }
      };

  long nanoTime();

  /** Waits until so much time has passed, or the condition is signalled, or for no reason. */
  void await(Condition condition, long nanos) throws InterruptedException;
}
