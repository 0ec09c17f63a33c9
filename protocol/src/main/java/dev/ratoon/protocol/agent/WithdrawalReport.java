package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * What a host says to a {@link Withdrawal}. Nothing is said while it is not known.
 *
 * @param step the one that this answers
 * @param problem what keeps it there; only of {@link State#NEEDED}
 * @param freedBytes what it took; only of {@link State#REMOVED}
 */
public record WithdrawalReport(
    DiskId base, String order, int step, State state, Optional<Problem> problem, long freedBytes) {

  /** How it stands. */
  public enum State {
    /**
     * A promise: nothing of this host stands on it, and nothing will until the host is told that it
     * does not leave any more. The host keeps it over restarts.
     */
    FREE,
    /** It has to stay, and this host has not removed it. */
    NEEDED,
    /** It is gone. */
    REMOVED
  }

  public static WithdrawalReport free(Withdrawal asked) {
    return new WithdrawalReport(
        asked.base(), asked.order(), asked.step(), State.FREE, Optional.empty(), 0);
  }

  public static WithdrawalReport needed(Withdrawal asked, Problem why) {
    return new WithdrawalReport(
        asked.base(), asked.order(), asked.step(), State.NEEDED, Optional.of(why), 0);
  }

  public static WithdrawalReport removed(Withdrawal asked, long freedBytes) {
    return new WithdrawalReport(
        asked.base(), asked.order(), asked.step(), State.REMOVED, Optional.empty(), freedBytes);
  }

  /** The same as the answer to another step. */
  public WithdrawalReport at(int another) {
    return new WithdrawalReport(base, order, another, state, problem, freedBytes);
  }

  /** Whether it answers all that was asked so far. */
  public boolean answers(Withdrawal asked) {
    return base.equals(asked.base()) && order.equals(asked.order()) && step == asked.step();
  }
}
