package dev.ratoon.agent.vm;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A long wait of a keeper's thread that others may end, when what is waited for is wanted no more.
 */
final class Wait {
  private Optional<Thread> waiting = Optional.empty();
  private boolean ended;

  /**
   * Waits on this thread.
   *
   * @param wanted whether there is still something to wait for
   * @param doing what is interrupted if there is not
   */
  void during(BooleanSupplier wanted, String doing, Runnable wait) {
    synchronized (this) {
      if (!wanted.getAsBoolean()) {
        throw Problem.of(ErrorCode.INTERRUPTED, doing)
            .detail("Something else is wanted by now.")
            .asException();
      }
      waiting = Optional.of(Thread.currentThread());
    }
    try {
      wait.run();
    } finally {
      synchronized (this) {
        waiting = Optional.empty();
        if (ended) {
          ended = false;
          boolean _ = Thread.interrupted();
        }
      }
    }
  }

  /** Ends the wait, if there is one. */
  synchronized void end() {
    waiting.ifPresent(thread -> {
      ended = true;
      thread.interrupt();
    });
  }
}
