package dev.ratoon.server.agents;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Somebody who waits for a host's answer. */
final class Pending {
  private final HostId host;
  private final CompletableFuture<Answer> answer = new CompletableFuture<>();

  Pending(HostId host) {
    this.host = host;
  }

  /**
   * An answer that is coming in. Who gets one ends it, whether it was read or not.
   *
   * @param ended lets the agent's request end
   */
  record Answer(long next, InputStream body, CountDownLatch ended) implements AutoCloseable {
    Answer(long next, InputStream body) {
      this(next, body, new CountDownLatch(1));
    }

    @Override
    public void close() {
      ended.countDown();
    }
  }

  HostId host() {
    return host;
  }

  /** Returns when the answer was ended by who asked. */
  void answer(Answer given) throws InterruptedException {
    if (answer.complete(given)) {
      given.ended().await();
    }
  }

  void refuse(Problem problem) {
    answer.completeExceptionally(problem.asException());
  }

  Answer await(Duration patience) throws InterruptedException {
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException refused) {
      throw refused.getCause() instanceof RatoonException known
          ? known
          : new IllegalStateException(refused.getCause());
    } catch (TimeoutException silent) {
      RatoonException late =
          Problem.of(ErrorCode.TIMED_OUT, "asking host " + host)
              .detail("Its agent did not answer within " + patience.toSeconds() + " s.")
              .next("'ratoon host list' shows whether it is connected.")
              .asException();
      if (answer.completeExceptionally(late)) {
        throw late;
      }
      // It came in this very moment.
      return await(Duration.ZERO);
    } catch (InterruptedException stopped) {
      if (!answer.completeExceptionally(stopped) && !answer.isCompletedExceptionally()) {
        answer.join().close();
      }
      throw stopped;
    }
  }
}
