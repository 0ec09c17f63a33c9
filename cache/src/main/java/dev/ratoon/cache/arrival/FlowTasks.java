package dev.ratoon.cache.arrival;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The work that one arrival gives to the workers, and the first thing that went wrong with it.
 * Knows when nothing is under way any more.
 */
final class FlowTasks {
  private final Executor workers;
  private final String doing;
  private final Runnable onFailure;
  private int underWay;
  private volatile boolean ending;
  private volatile @Nullable RatoonException failure;

  FlowTasks(Executor workers, String doing, Runnable onFailure) {
    this.workers = workers;
    this.doing = doing;
    this.onFailure = onFailure;
  }

  /** Has a worker do it. */
  void add(Runnable task) {
    synchronized (this) {
      underWay++;
    }
    workers.execute(() -> run(task));
  }

  /** Does it on this thread. */
  void here(Runnable task) {
    synchronized (this) {
      underWay++;
    }
    run(task);
  }

  private void run(Runnable task) {
    try {
      task.run();
    } catch (RatoonException e) {
      fail(e);
    } catch (RuntimeException | Error e) {
      fail(Problem.of(ErrorCode.INTERNAL, doing).detail(String.valueOf(e)).asException(e));
    } finally {
      ended();
    }
  }

  private void fail(RatoonException why) {
    synchronized (this) {
      failure = failure == null ? why : failure;
    }
    onFailure.run();
  }

  private synchronized void ended() {
    underWay--;
    notifyAll();
  }

  /** Whether nothing new is to be begun. */
  boolean areEnding() {
    return ending || failure != null;
  }

  Optional<RatoonException> failure() {
    return Optional.ofNullable(failure);
  }

  /** Lets nothing new begin, and returns when what is under way is done. */
  synchronized void end() {
    ending = true;
    boolean interrupted = false;
    while (underWay > 0) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
