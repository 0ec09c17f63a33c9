package dev.ratoon.server.cleanup;

import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.WithdrawalReport;
import dev.ratoon.protocol.agent.WithdrawalReport.State;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done next for a base that is about to leave a share; a pure function of what its
 * hosts say.
 *
 * <p>First all hosts are asked to begin nothing new on it and to promise that nothing stands on it.
 * While any has not, nothing has happened, and all can be let go again at any time. When all have,
 * one is told to remove it. From then on the others' promises are needed until that one has said
 * how it ended, however long that takes: it may be about to remove it. It can be recalled, but that
 * counts only when it has said so. A base that is withheld for long costs some work, no data.
 */
public sealed interface NextStep {
  /** Nothing yet. */
  record Wait() implements NextStep {}

  /** All have promised: look once more whether it may go, and tell one of them to remove it. */
  record Order(List<HostId> able) implements NextStep {}

  /** The remover is to leave it. */
  record Recall() implements NextStep {}

  /** The remover is no host of the share any more. */
  record Reassign() implements NextStep {}

  /** It is gone. */
  record Gone(long freedBytes) implements NextStep {}

  /** It stays, and nobody is about to remove it. */
  record Stays(Problem why) implements NextStep {}

  /**
   * It stays, because these have not answered in time.
   *
   * @param silent their names
   */
  record GivenUp(List<String> silent) implements NextStep {}

  /**
   * What a host of the share says.
   *
   * @param able whether it can remove something from the share now
   * @param said its answer to this order
   */
  record Answer(HostId host, String name, boolean able, Optional<WithdrawalReport> said) {
    boolean is(State state) {
      return said.filter(report -> report.state() == state).isPresent();
    }
  }

  /**
   * Who was told what.
   *
   * @param remover the host that was told to remove it
   * @param step in which it was told so, or recalled
   * @param late whether that has lasted for too long
   */
  record Stand(Optional<HostId> remover, int step, boolean recalled, boolean late) {}

  static NextStep of(Stand stand, List<Answer> hosts) {
    Optional<WithdrawalReport> gone =
        hosts.stream()
            .filter(host -> host.is(State.REMOVED))
            .flatMap(host -> host.said().stream())
            .findFirst();
    if (gone.isPresent()) {
      return new Gone(gone.get().freedBytes());
    }
    return stand.remover().isPresent()
        ? removing(stand, stand.remover().get(), hosts)
        : asking(stand, hosts);
  }

  private static NextStep asking(Stand stand, List<Answer> hosts) {
    Optional<Problem> needed =
        hosts.stream()
            .filter(host -> host.is(State.NEEDED))
            .flatMap(host -> host.said().stream().flatMap(said -> problem(host, said).stream()))
            .findFirst();
    if (needed.isPresent()) {
      return new Stays(needed.get());
    }
    List<HostId> able = hosts.stream().filter(Answer::able).map(Answer::host).toList();
    if (silent(hosts).isEmpty() && !able.isEmpty()) {
      return new Order(able);
    }
    return stand.late() ? new GivenUp(silent(hosts)) : new Wait();
  }

  private static NextStep removing(Stand stand, HostId remover, List<Answer> hosts) {
    Optional<Answer> itself =
        hosts.stream().filter(host -> host.host().equals(remover)).findFirst();
    if (itself.isEmpty()) {
      return new Reassign();
    }
    Optional<WithdrawalReport> said =
        itself.get().said().filter(report -> report.step() == stand.step());
    if (said.isPresent()) {
      Optional<Problem> why = problem(itself.get(), said.get());
      if (why.isPresent()) {
        return new Stays(why.get());
      }
      return stand.recalled() ? new GivenUp(silent(hosts)) : new Wait();
    }
    boolean another =
        hosts.stream().anyMatch(host -> !host.host().equals(remover) && !host.is(State.FREE));
    return !stand.recalled() && (stand.late() || another) ? new Recall() : new Wait();
  }

  private static List<String> silent(List<Answer> hosts) {
    return hosts.stream().filter(host -> !host.is(State.FREE)).map(Answer::name).toList();
  }

  private static Optional<Problem> problem(Answer host, WithdrawalReport said) {
    return said.problem()
        .map(why -> why.detail("Host %s: %s".formatted(host.name(), why.detail())));
  }
}
