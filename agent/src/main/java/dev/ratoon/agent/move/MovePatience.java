package dev.ratoon.agent.move;

import dev.ratoon.agent.work.Patience;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.MoveTask;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * How long one task of a migration goes on trying what fails. A task that only tidies up, or only
 * finds out where a guest is, never gives up: there is no other way to go on than that it succeeds.
 */
final class MovePatience {
  private static final Duration OF_MOST = Duration.ofMinutes(10);

  /** A guest may be given an hour to shut down. */
  private static final Duration UNTIL_IT_STOPS = Duration.ofMinutes(70);

  /** While somebody waits for it. */
  private static final Duration LONGEST_REST = Duration.ofSeconds(1);

  private static final Set<MoveTask> TIDYING = EnumSet.of(MoveTask.REMOVE, MoveTask.DISCARD);

  private static final Set<MoveTask> ENDLESS =
      EnumSet.of(MoveTask.RECEIVE, MoveTask.RETURN, MoveTask.REMOVE, MoveTask.DISCARD);

  private static final Set<MoveTask> OF_A_VM_THAT_STOPS = EnumSet.of(MoveTask.GIVE, MoveTask.FETCH);

  /** Whoever is away may come back. */
  private static final Set<ErrorCode> PASSING =
      EnumSet.of(
          ErrorCode.BUSY,
          ErrorCode.HYPERVISOR_UNAVAILABLE,
          ErrorCode.PEER_UNREACHABLE,
          ErrorCode.SERVER_UNREACHABLE,
          ErrorCode.SHARE_UNAVAILABLE,
          ErrorCode.TIMED_OUT);

  private final MoveTask task;
  private final Instant began;
  private final Patience ofMost = new Patience(OF_MOST);
  private final Patience untilItStops = new Patience(UNTIL_IT_STOPS);

  MovePatience(MoveTask task, Instant began) {
    this.task = task;
    this.began = began;
  }

  /**
   * It failed: how long to rest before the next try; empty if that makes no sense any more. A base
   * that nobody has may come back with the host that gives it.
   */
  Optional<Duration> restAfter(Problem problem, Instant now) {
    boolean stopping = problem.code() == ErrorCode.BUSY && OF_A_VM_THAT_STOPS.contains(task);
    Patience patience = stopping ? untilItStops : ofMost;
    boolean mayPass =
        ENDLESS.contains(task)
            || (problem.code() == ErrorCode.BASE_MISSING
                ? now.isBefore(began.plus(Patience.OF_A_USER))
                : PASSING.contains(problem.code()) && !patience.isOver(now));
    if (!mayPass) {
      return Optional.empty();
    }
    Duration rest = Duration.between(now, patience.nextTry(now));
    boolean shorter = !TIDYING.contains(task) && rest.compareTo(LONGEST_REST) > 0;
    return Optional.of(shorter ? LONGEST_REST : rest);
  }
}
