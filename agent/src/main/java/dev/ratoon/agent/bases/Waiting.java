package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.arrival.ArrivalProgress;
import dev.ratoon.cache.arrival.ArrivalTicket;
import dev.ratoon.model.RatoonException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for an arrival. */
final class Waiting {
  private static final long LOOK_MILLIS = 500;
  private static final int LOOKS_PER_QUESTION = 6;

  private Waiting() {}

  /**
   * Until it is there.
   *
   * @param askAgain is run every few seconds
   */
  static Base until(ArrivalTicket ticket, Bases.Progress progress, Runnable askAgain)
      throws InterruptedException {
    for (int looks = 1; ; looks++) {
      try {
        Base base = ticket.result().get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        tell(ticket, progress);
        return base;
      } catch (TimeoutException notYet) {
        tell(ticket, progress);
        if (looks % LOOKS_PER_QUESTION == 0) {
          askAgain.run();
        }
      } catch (ExecutionException failed) {
        throw failed.getCause() instanceof RatoonException known
            ? known
            : new IllegalStateException(failed.getCause());
      }
    }
  }

  private static void tell(ArrivalTicket ticket, Bases.Progress progress) {
    ArrivalProgress now = ticket.progress();
    progress.at(now.verifiedBytes(), now.dataBytes());
  }
}
