package dev.ratoon.agent.bases;

import dev.ratoon.agent.work.Patience;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredBase;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one thing for one base disk, on a thread of its own, until it is done or cannot be done. An
 * agent that was killed simply begins again: what had come of a base is kept.
 */
final class BaseKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BaseKeeper.class);
  private static final Duration LOOK_ANYWAY = Duration.ofMinutes(5);

  /** Whoever is away may come back: the server, a host that has the base or is getting it. */
  private static final Set<ErrorCode> PASSING =
      Set.of(
          ErrorCode.BASE_MISSING,
          ErrorCode.PEER_UNREACHABLE,
          ErrorCode.PEER_MISBEHAVED,
          ErrorCode.SERVER_UNREACHABLE,
          ErrorCode.BUSY,
          ErrorCode.INTERRUPTED,
          ErrorCode.TIMED_OUT);

  private final BaseWork work;
  private final InstantSource clock;
  private final Patience patience;
  private final Semaphore turns;
  private final Runnable changed;
  private final Timeline timeline;
  private final Semaphore pokes = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;
  private volatile DesiredBase wanted;
  private volatile Answer answer;

  /** What can be said so far of a wish. */
  private record Answer(
      long revision, boolean settled, Optional<Problem> problem, Optional<String> result) {
    static Answer begun(long revision) {
      return new Answer(revision, false, Optional.empty(), Optional.empty());
    }
  }

  /**
   * @param turns to be held while it works
   * @param changed hears that there is something new to report
   */
  BaseKeeper(
      DesiredBase wanted,
      BaseWork work,
      InstantSource clock,
      Patience patience,
      Semaphore turns,
      Runnable changed) {
    this.wanted = wanted;
    this.work = work;
    this.clock = clock;
    this.patience = patience;
    this.turns = turns;
    this.changed = changed;
    this.timeline = new Timeline(clock, changed);
    this.answer = Answer.begun(wanted.revision());
    this.thread =
        Thread.ofVirtual().name("base-" + wanted.diskId().shortForm()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** What is asked from now on: the same thing, perhaps asked again. */
  void want(DesiredBase newer) {
    if (newer.revision() > wanted.revision()) {
      wanted = newer;
      poke();
    }
  }

  /** Something may have happened: look. */
  void poke() {
    pokes.release();
  }

  BaseReport report() {
    Answer now = answer;
    DesiredBase wish = wanted;
    return new BaseReport(
        wish.diskId(),
        wish.task(),
        now.revision(),
        now.settled(),
        timeline.steps(),
        now.problem(),
        now.result());
  }

  /** Works no longer; returns when the thread has ended. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (!closed) {
        Instant lookAgain = tend();
        long millis = Math.max(1, Duration.between(clock.instant(), lookAgain).toMillis());
        if (pokes.tryAcquire(millis, TimeUnit.MILLISECONDS)) {
          pokes.drainPermits();
        }
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  /** Does what is to be done now, and returns when to look again if nothing happens before. */
  private Instant tend() throws InterruptedException {
    DesiredBase wish = wanted;
    Answer before = answer;
    boolean renewed = before.revision() != wish.revision();
    boolean givenUp = before.settled() && before.problem().isPresent();
    if (!renewed && before.settled() && (givenUp || work.isDone(wish))) {
      return clock.instant().plus(LOOK_ANYWAY);
    }
    if (renewed || before.settled()) {
      patience.renew();
      timeline.clear();
      answer = Answer.begun(wish.revision());
    }
    turns.acquire();
    try {
      String result = work.carryOut(wish, timeline);
      answer = new Answer(wish.revision(), true, Optional.empty(), Optional.of(result));
      changed.run();
      return clock.instant().plus(LOOK_ANYWAY);
    } catch (RatoonException trouble) {
      return afterTrouble(wish, trouble.problem());
    } catch (RuntimeException defect) {
      LOG.error("Base disk {}: unexpected failure", wish.diskId(), defect);
      return afterTrouble(
          wish,
          Problem.of(ErrorCode.INTERNAL, "working on base disk " + wish.diskId().shortForm())
              .detail(defect.toString()));
    } finally {
      turns.release();
    }
  }

  /**
   * Who has a base read wants to know soon how it is: only an end of the agent is no answer. What
   * may leave is decided anew each time, by the server, so nothing is tried again here.
   */
  private static boolean mayPass(DesiredBase wish, Problem problem) {
    return switch (wish.task()) {
      case PRECACHE -> PASSING.contains(problem.code());
      case EVICT -> false;
      case VERIFY, SCRUB -> problem.code() == ErrorCode.INTERRUPTED;
    };
  }

  /** What may pass is tried again for a long time: nobody sits and waits for it. */
  private Instant afterTrouble(DesiredBase wish, Problem problem) throws InterruptedException {
    if (closed) {
      throw new InterruptedException();
    }
    Instant now = clock.instant();
    boolean giveUp = !mayPass(wish, problem) || patience.isOver(now);
    if (giveUp) {
      LOG.warn("Base disk {}: given up: {}", wish.diskId(), problem.oneLine());
    }
    answer = new Answer(wish.revision(), giveUp, Optional.of(problem), Optional.empty());
    changed.run();
    return giveUp ? now.plus(LOOK_ANYWAY) : patience.nextTry(now);
  }
}
