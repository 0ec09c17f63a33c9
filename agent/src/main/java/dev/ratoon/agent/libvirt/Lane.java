package dev.ratoon.agent.libvirt;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
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
 * kind and wait only as long as they like. A call that hangs, as those do whose domain's QEMU does
 * not answer, keeps its thread; another thread takes that one's place until it ends.
 */
final class Lane implements AutoCloseable {
  private static final int MAX_WAITING = 4096;

  /** Each of them is a domain that hangs, since libvirt makes only its first call wait so long. */
  private static final int MOST_HANGING = 256;

  private final int width;
  private final ThreadPoolExecutor threads;
  private int hanging;

  Lane(String name, int width) {
    this.width = width;
    threads =
        new ThreadPoolExecutor(
            width,
            width + MOST_HANGING,
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
      Watched<T> watched = new Watched<>(work);
      Future<T> result = threads.submit(watched);
      try {
        return result.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException slow) {
        result.cancel(false);
        watched.leave();
        throw Problem.of(ErrorCode.TIMED_OUT, doing)
            .detail("libvirt did not answer within " + patience.toSeconds() + " seconds.")
            .asException(slow);
      } catch (InterruptedException stop) {
        result.cancel(false);
        watched.leave();
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

  /** Work whose caller may have gone before it ends. */
  private final class Watched<T> implements Callable<T> {
    private final Callable<T> work;
    private boolean runs;
    private boolean left;

    Watched(Callable<T> work) {
      this.work = work;
    }

    @Override
    public T call() throws Exception {
      synchronized (Lane.this) {
        if (left) {
          throw new CancellationException();
        }
        runs = true;
      }
      try {
        return work.call();
      } finally {
        synchronized (Lane.this) {
          runs = false;
          if (left) {
            replace(-1);
          }
        }
      }
    }

    /** Nobody waits for it any more; if it runs, its thread cannot be had for others. */
    void leave() {
      synchronized (Lane.this) {
        left = true;
        if (runs) {
          replace(1);
        }
      }
    }
  }

  private void replace(int more) {
    hanging += more;
    threads.setCorePoolSize(width + Math.min(hanging, MOST_HANGING));
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
