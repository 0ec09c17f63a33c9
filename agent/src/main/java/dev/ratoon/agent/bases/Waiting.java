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
  private Waiting() {}

  /**
   * Until it is there.
   *
   * @param askAgain is run when it is time to; see {@link Questions}
   */
  static Base until(ArrivalTicket ticket, Bases.Progress progress, Runnable askAgain)
      throws InterruptedException {
    Questions questions = new Questions();
    while (true) {
      long lookMillis = questions.lookMillis();
      try {
        Base base = ticket.result().get(lookMillis, TimeUnit.MILLISECONDS);
        tell(ticket, progress);
        return base;
      } catch (TimeoutException notYet) {
        tell(ticket, progress);
        if (questions.isDueAfter(lookMillis)) {
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
