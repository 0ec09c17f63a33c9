package dev.ratoon.server.store;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Lets many small changes be one transaction. What comes while a transaction is under way waits,
 * and all that has come is the next one: so its cost, the disk's above all, is shared by as many as
 * there are just then, and nobody waits for others to come. Each is told its own end; what is
 * refused to one is not to the others.
 *
 * <p>There is no thread for it: of those that wait, the first does the work of all that have come,
 * and then hands that on.
 */
public final class GroupCommit<Q, R> {
  private final int most;
  private final int mostWaiting;
  private final Function<List<Q>, List<Outcome<R>>> work;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private final Queue<Waiting<Q, R>> waiting = new ArrayDeque<>();
  private boolean led;

  /** How one of them ended. */
  public sealed interface Outcome<R> {

    /** What was asked for has been done, and is durable. */
    record Done<R>(R result) implements Outcome<R> {}

    /** Nothing of it was done. */
    record Refused<R>(RuntimeException why) implements Outcome<R> {}
  }

  private static final class Waiting<Q, R> {
    final Q wanted;

    /** Completed when it has ended, or when it is its turn to do the work. */
    final CompletableFuture<Boolean> turn = new CompletableFuture<>();

    @Nullable Outcome<R> outcome;

    Waiting(Q wanted) {
      this.wanted = wanted;
    }
  }

  /**
   * @param most that are done at once
   * @param mostWaiting beyond which others are turned away
   * @param work does all of them, in one transaction, and says how each has ended, in their order
   */
  public GroupCommit(int most, int mostWaiting, Function<List<Q>, List<Outcome<R>>> work) {
    this.most = most;
    this.mostWaiting = mostWaiting;
    this.work = work;
  }

  /**
   * Has it done, with others; returns when that is durable.
   *
   * @throws RatoonException {@link ErrorCode#BUSY} if far too many wait; and what is refused
   */
  public R submit(Q wanted) {
    Waiting<Q, R> own = new Waiting<>(wanted);
    boolean lead = enter(own);
    if (!lead) {
      lead = own.turn.join();
    }
    if (lead) {
      lead(own);
    }
    return switch (own.outcome) {
      case Outcome.Done<R>(R result) -> result;
      case Outcome.Refused<R>(RuntimeException why) -> throw why;
      case null -> throw new IllegalStateException("it was not said how it ended");
    };
  }

  /** Whether nobody does the work now. */
  private boolean enter(Waiting<Q, R> own) {
    lock.lock();
    try {
      if (waiting.size() >= mostWaiting) {
        throw Problem.of(ErrorCode.BUSY, "accepting the request")
            .detail("So many wait already: " + mostWaiting)
            .next("Try again.")
            .asException();
      }
      waiting.add(own);
      boolean lead = !led;
      led = true;
      return lead;
    } finally {
      lock.unlock();
    }
  }

  /** Works until the own wish is done, and then lets another go on. */
  private void lead(Waiting<Q, R> own) {
    while (own.outcome == null) {
      List<Waiting<Q, R>> batch = next();
      end(batch, outcomes(batch.stream().map(one -> one.wanted).toList()));
    }
    lock.lock();
    try {
      Waiting<Q, R> successor = waiting.peek();
      led = successor != null;
      if (successor != null) {
        successor.turn.complete(true);
      }
    } finally {
      lock.unlock();
    }
  }

  private List<Waiting<Q, R>> next() {
    lock.lock();
    try {
      List<Waiting<Q, R>> batch = new ArrayList<>(Math.min(most, waiting.size()));
      while (batch.size() < most && !waiting.isEmpty()) {
        batch.add(waiting.remove());
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private List<Outcome<R>> outcomes(List<Q> wanted) {
    try {
      return work.apply(wanted);
    } catch (RuntimeException failed) {
      return wanted.stream().<Outcome<R>>map(_ -> new Outcome.Refused<>(failed)).toList();
    } catch (Error broken) {
      RuntimeException said = new IllegalStateException("a change with others broke", broken);
      return wanted.stream().<Outcome<R>>map(_ -> new Outcome.Refused<>(said)).toList();
    }
  }

  private static <Q, R> void end(List<Waiting<Q, R>> batch, List<Outcome<R>> outcomes) {
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).outcome = outcomes.get(i);
      batch.get(i).turn.complete(false);
    }
  }
}
