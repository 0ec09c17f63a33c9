package dev.ratoon.agent.libvirt;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.libvirt.LibvirtException;

/**
 * A few platform threads on which calls into the C library block, so that callers may be of any
 * kind and wait only as long as they like: a call that hangs keeps its thread, not its caller.
 */
final class Lane implements AutoCloseable {
  private static final int MAX_WAITING = 4096;
  private final ThreadPoolExecutor threads;

  Lane(String name, int width) {
    threads =
        new ThreadPoolExecutor(
            width,
            width,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            Thread.ofPlatform().daemon().name(name + "-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  /**
   * What {@code work} returns or throws.
   *
   * @param patience for waiting in the queue and for the work together
   */
  <T> T call(String doing, Duration patience, Callable<T> work) {
    try {
      Future<T> result = threads.submit(work);
      try {
        return result.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException slow) {
        result.cancel(false);
        throw Problem.of(ErrorCode.TIMED_OUT, doing)
            .detail("libvirt did not answer within " + patience.toSeconds() + " seconds.")
            .asException(slow);
      } catch (InterruptedException stop) {
        result.cancel(false);
        Thread.currentThread().interrupt();
        throw Problem.of(ErrorCode.INTERRUPTED, doing).asException(stop);
      }
    } catch (RejectedExecutionException full) {
      throw LibvirtErrors.unavailable(doing, "Too many calls wait for libvirt.");
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RatoonException known) {
        throw known;
      }
      if (failed.getCause() instanceof LibvirtException said) {
        throw LibvirtErrors.refused(doing, said);
      }
      throw Problem.of(ErrorCode.INTERNAL, doing).asException(failed);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
