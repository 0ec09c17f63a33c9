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
 * Lets many small changes, or looks, be one transaction. What comes while a transaction is under
 * way waits, and all that has come is the next one: so its cost, the disk's above all, is shared by
 * as many as there are just then, and nobody waits for others to come. Each is told its own end;
 * what is refused to one is not to the others.
 *
 * <p>There is no thread for it: of those that wait, the first does the work of all that have come,
 * and then lets the next go on. A few do so at once, since a transaction waits for the disk most of
 * its time.
 */
public final class GroupCommit<Q, R> {
  private final int lanes;
  private final int most;
  private final int mostWaiting;
  private final Function<List<Q>, List<Outcome<R>>> work;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private final Queue<Waiting<Q, R>> waiting = new ArrayDeque<>();
  private int leaders;

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
   * @param lanes so many transactions may be under way
   * @param most that are done in one
   * @param mostWaiting beyond which others are turned away
   * @param work does all of them, in one transaction, and says how each has ended, in their order
   */
  public GroupCommit(
      int lanes, int most, int mostWaiting, Function<List<Q>, List<Outcome<R>>> work) {
    this.lanes = lanes;
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

  /** How many wait for their turn. */
  int waiting() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  /** Whether its work can begin at once; else it waits. */
  private boolean enter(Waiting<Q, R> own) {
    lock.lock();
    try {
      if (leaders < lanes) {
        leaders++;
        return true;
      }
      if (waiting.size() >= mostWaiting) {
        throw Problem.of(ErrorCode.BUSY, "accepting the request")
            .detail("So many wait already: " + mostWaiting)
            .next("Try again.")
            .asException();
      }
      waiting.add(own);
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Does the own work and that of all who wait, and then lets the next of these go on. */
  private void lead(Waiting<Q, R> own) {
    List<Waiting<Q, R>> batch = withWaiting(own);
    end(batch, outcomes(batch.stream().map(one -> one.wanted).toList()));
    lock.lock();
    try {
      Waiting<Q, R> next = waiting.poll();
      if (next == null) {
        leaders--;
      } else {
        next.turn.complete(true);
      }
    } finally {
      lock.unlock();
    }
  }

  private List<Waiting<Q, R>> withWaiting(Waiting<Q, R> own) {
    lock.lock();
    try {
      List<Waiting<Q, R>> batch = new ArrayList<>(List.of(own));
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
      List<Outcome<R>> said = work.apply(wanted);
      if (said.size() != wanted.size()) {
        throw new IllegalStateException("it was not said of each how it ended");
      }
      return said;
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
