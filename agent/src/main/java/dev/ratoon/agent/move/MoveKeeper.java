package dev.ratoon.agent.move;

import dev.ratoon.agent.work.Timeline;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.agent.MoveState;
import dev.ratoon.protocol.agent.MoveTask;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does this host's part of one migration, one task after the other, each on a thread of its own
 * that begins when the one before has ended. What fails for a reason that may pass is tried again,
 * see {@link MovePatience}.
 */
final class MoveKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MoveKeeper.class);

  private final MoveWork work;
  private final InstantSource clock;
  private final Runnable changed;
  private final Timeline timeline;
  private volatile Optional<DesiredMove> wanted = Optional.empty();
  private volatile Optional<MoveReport> report = Optional.empty();
  private volatile Optional<Thread> thread = Optional.empty();
  private volatile boolean closed;

  MoveKeeper(MoveWork work, InstantSource clock, Runnable changed) {
    this.work = work;
    this.clock = clock;
    this.changed = changed;
    this.timeline = new Timeline(clock, this::progressed);
  }

  Optional<DesiredMove> wanted() {
    return wanted;
  }

  /** The destination's side of a live migration. */
  LiveReceiving receiving() {
    return work.receiving()
        .orElseThrow(() ->
            Problem.of(ErrorCode.WRONG_STATE, "migrating a VM")
                .detail("This host's hypervisor moves no guests that run.")
                .asException());
  }

  /** Who does the present task, or has done it. */
  Optional<Thread> worker() {
    return thread;
  }

  Optional<MoveReport> report() {
    return report;
  }

  /** What to do now. The same again goes on, or stays done. */
  void want(DesiredMove move) {
    Optional<MoveTask> before = wanted.map(DesiredMove::task);
    wanted = Optional.of(move);
    if (before.equals(Optional.of(move.task()))) {
      return;
    }
    Optional<Thread> last = thread;
    last.ifPresent(Thread::interrupt);
    thread =
        Optional.of(
            Thread.ofVirtual()
                .name("move-" + move.vm().name())
                .start(() -> run(move.task(), last)));
  }

  private void run(MoveTask task, Optional<Thread> before) {
    try {
      if (before.isPresent()) {
        before.get().join();
      }
      MovePatience patience = new MovePatience(task, clock.instant());
      say(task, MoveState.WORKING, Optional.empty(), Moved.NOTHING);
      while (!closed && isStill(task)) {
        try {
          Moved moved = work.run(wanted.orElseThrow(), timeline);
          say(task, MoveState.DONE, Optional.empty(), moved);
          return;
        } catch (RatoonException trouble) {
          if (isOvertaken()) {
            return;
          }
          Optional<Duration> rest = patience.restAfter(trouble.problem(), clock.instant());
          if (rest.isEmpty()) {
            LOG.warn("{}", trouble.problem().oneLine());
            say(task, MoveState.FAILED, Optional.of(trouble.problem()), Moved.NOTHING);
            return;
          }
          say(task, MoveState.WORKING, Optional.of(trouble.problem()), Moved.NOTHING);
          Thread.sleep(rest.get());
        }
      }
    } catch (InterruptedException overtaken) {
      // Another task takes over, or the agent ends.
    } catch (RuntimeException defect) {
      if (isOvertaken()) {
        return;
      }
      LOG.error("a migration failed unexpectedly", defect);
      Problem internal =
          Problem.of(ErrorCode.INTERNAL, "migrating a VM").detail(String.valueOf(defect));
      say(task, MoveState.FAILED, Optional.of(internal), Moved.NOTHING);
    }
  }

  /** What fails because it was stopped says nothing of the migration. */
  private boolean isOvertaken() {
    return closed || Thread.currentThread().isInterrupted();
  }

  private boolean isStill(MoveTask task) {
    return wanted.map(DesiredMove::task).equals(Optional.of(task));
  }

  private void say(MoveTask task, MoveState state, Optional<Problem> problem, Moved moved) {
    if (isStill(task)) {
      DesiredMove move = wanted.orElseThrow();
      report =
          Optional.of(
              new MoveReport(
                  move.vm().id(),
                  move.vm().epoch(),
                  task,
                  state,
                  timeline.steps(),
                  problem,
                  moved));
      changed.run();
    }
  }

  private void progressed() {
    report
        .filter(last -> last.state() == MoveState.WORKING)
        .ifPresent(last -> say(last.task(), MoveState.WORKING, last.problem(), last.moved()));
  }

  /** Ends what is under way; what was done of it stays. */
  @Override
  public void close() {
    closed = true;
    thread.ifPresent(Thread::interrupt);
  }
}
