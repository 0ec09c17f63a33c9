package dev.ratoon.cache.share;

import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Does what is done to one share, on threads that may hang for ever without hanging anything else.
 *
 * <p>A file server that is gone blocks a thread inside the kernel, where neither an interrupt nor a
 * time limit reaches it. So each call has a platform thread of its own (a virtual one would take
 * its carrier along) and says after each step that it goes on. Whoever waits gives it up when it
 * has said nothing for a while; then the share <em>stalls</em>, and nobody is let in until every
 * call that was given up has come back. So there are never more than a few threads, and the share
 * is used again as soon as it answers.
 */
final class ShareCalls {
  private static final int MOST_AT_ONCE = 12;
  private static final long LOOK_MILLIS = 20;
  private static final Duration LONGEST_END = Duration.ofSeconds(1);

  private final String share;
  private final Duration silence;
  private final NanoClock clock;
  private final Runnable changed;
  private final Semaphore free = new Semaphore(MOST_AT_ONCE);

  /** Those that go on for as long as an arrival does must not keep others waiting. */
  private final Semaphore freeForFeeds = new Semaphore(MOST_AT_ONCE);

  private final Set<Call<?>> underWay = ConcurrentHashMap.newKeySet();
  private final Set<Call<?>> stuck = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** What is done. */
  interface Work<T> {
    T run(Beat beat) throws IOException;
  }

  /**
   * @param silence how long a call may say nothing
   * @param changed is run when the share stalls, and when it answers again
   */
  ShareCalls(String share, Duration silence, NanoClock clock, Runnable changed) {
    this.share = share;
    this.silence = silence;
    this.clock = clock;
    this.changed = changed;
  }

  boolean isStalled() {
    return !stuck.isEmpty();
  }

  /** The problem of a share that does not answer. */
  Problem stalled(String doing) {
    return Problem.of(ErrorCode.SHARE_UNAVAILABLE, doing)
        .detail("The share '%s' has not answered for %d s.".formatted(share, silence.toSeconds()))
        .next("Look at its file server and the network; it is used again when it answers.");
  }

  /**
   * Does it, and waits for as long as it goes on.
   *
   * @throws RatoonException {@code share-unavailable} if the share does not answer or says no;
   *     {@code interrupted}; and what the work throws
   */
  <T> T run(String doing, Work<T> work) {
    return run(doing, work, _ -> {});
  }

  /**
   * As above.
   *
   * @param undo takes back what was done when nobody waits for it any more; on the same thread
   */
  <T> T run(String doing, Work<T> work, Undo<T> undo) {
    return await(begin(doing, work, undo, free, silence));
  }

  /** Takes back what was done. */
  interface Undo<T> {
    void undo(T done) throws IOException;
  }

  /** Begins it; {@link #giveUpSilent} has to look after it unless somebody waits. */
  <T> Call<T> begin(String doing, Work<T> work) {
    return begin(doing, work, _ -> {}, free, silence);
  }

  /** Begins to serve an arrival, if not too many are served already. */
  <T> Call<T> beginFeed(String doing, Work<T> work) {
    return begin(doing, work, _ -> {}, freeForFeeds, Duration.ZERO);
  }

  private <T> Call<T> begin(
      String doing, Work<T> work, Undo<T> undo, Semaphore room, Duration patience) {
    if (isStalled()) {
      throw stalled(doing).asException();
    }
    try {
      if (!room.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw Problem.of(ErrorCode.SHARE_UNAVAILABLE, doing)
            .detail("This host does too much with the share '" + share + "' already.")
            .next("It is tried again.")
            .asException();
      }
    } catch (InterruptedException stopped) {
      throw interrupted(doing, stopped);
    }
    Call<T> call = new Call<>(doing, work, undo, room);
    underWay.add(call);
    if (closed) {
      underWay.remove(call);
      room.release();
      throw Problem.of(ErrorCode.INTERRUPTED, doing)
          .detail("The share '" + share + "' is not wanted any more.")
          .asException();
    }
    Thread.ofPlatform().daemon().name("share-" + share).start(call);
    return call;
  }

  private <T> T await(Call<T> call) {
    while (true) {
      try {
        return call.result.isDone()
            ? call.result.join()
            : call.result.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException notYet) {
        if (call.isSilent()) {
          call.giveUp();
          throw stalled(call.doing).asException();
        }
      } catch (InterruptedException stopped) {
        RatoonException why = interrupted(call.doing, stopped);
        if (call.result.completeExceptionally(why)) {
          throw why;
        }
      } catch (ExecutionException | CompletionException failed) {
        throw failure(call.doing, Objects.requireNonNull(failed.getCause()));
      }
    }
  }

  private static RatoonException interrupted(String doing, InterruptedException stopped) {
    Thread.currentThread().interrupt();
    return Problem.of(ErrorCode.INTERRUPTED, doing).asException(stopped);
  }

  /** What went wrong, in words. */
  RatoonException failure(String doing, Throwable cause) {
    return switch (cause) {
      case RatoonException known -> new RatoonException(known.problem(), known);
      case IOException io ->
          Problem.of(ErrorCode.SHARE_UNAVAILABLE, doing)
              .detail("The share '%s' says: %s".formatted(share, inWords(io)))
              .next(
                  "Look at its file server, at the path, and at the rights with which it is used.")
              .asException(io);
      default -> Problem.of(ErrorCode.INTERNAL, doing).detail(cause.toString()).asException(cause);
    };
  }

  private static String inWords(IOException io) {
    return switch (io) {
      case NotDirectoryException e -> e.getMessage() + " is no folder, or is not there.";
      case NoSuchFileException e -> e.getMessage() + " is not there.";
      case AccessDeniedException e -> e.getMessage() + " must not be touched.";
      case FileAlreadyExistsException e -> e.getMessage() + " is there already.";
      case UnknownHostException e -> "Nobody knows the name " + e.getMessage() + ".";
      case EOFException e -> "A file is shorter than it was: " + e.getMessage();
      default -> String.valueOf(io.getMessage());
    };
  }

  /** Gives up what nobody waits for and has fallen silent. */
  void giveUpSilent() {
    underWay.stream().filter(Call::isSilent).forEach(Call::giveUp);
  }

  /**
   * Gives everything up: the share is no longer wanted. What does not hang has ended when this
   * returns, so that nothing is written any more.
   */
  void close() {
    closed = true;
    underWay.forEach(Call::giveUp);
    long deadline = System.nanoTime() + LONGEST_END.toNanos();
    while (!underWay.isEmpty() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  /** One thing that is done. */
  final class Call<T> implements Runnable, Beat {
    private final String doing;
    private final Work<T> work;
    private final Undo<T> undo;
    private final Semaphore room;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private volatile long lastStepNanos = clock.nanos();
    private volatile boolean givenUp;
    private boolean ended;

    private Call(String doing, Work<T> work, Undo<T> undo, Semaphore room) {
      this.doing = doing;
      this.work = work;
      this.undo = undo;
      this.room = room;
    }

    CompletableFuture<T> result() {
      return result;
    }

    private boolean isSilent() {
      return clock.nanos() - lastStepNanos > silence.toNanos();
    }

    @Override
    public void step() throws IOException {
      lastStepNanos = clock.nanos();
      if (givenUp) {
        throw new IOException("it was given up");
      }
    }

    @Override
    public void run() {
      try {
        T done = work.run(this);
        if (!result.complete(done)) {
          undo.undo(done);
        }
      } catch (IOException | RuntimeException | Error failed) {
        result.completeExceptionally(failed);
      } finally {
        room.release();
        comeBack();
      }
    }

    private void giveUp() {
      synchronized (this) {
        if (ended || givenUp) {
          return;
        }
        givenUp = true;
        stuck.add(this);
      }
      result.completeExceptionally(stalled(doing).asException());
      changed.run();
    }

    private void comeBack() {
      boolean wasStuck;
      synchronized (this) {
        ended = true;
        underWay.remove(this);
        wasStuck = stuck.remove(this);
      }
      if (wasStuck) {
        changed.run();
      }
    }
  }
}
