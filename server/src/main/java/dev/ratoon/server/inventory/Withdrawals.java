package dev.ratoon.server.inventory;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.WithdrawalReport;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.cleanup.CacheFacts;
import dev.ratoon.server.cleanup.CachePlan;
import dev.ratoon.server.cleanup.CachePlan.Verdict;
import dev.ratoon.server.cleanup.NextStep;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.WithdrawalTable.WithdrawalRow;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has base disks leave shared caches: all hosts that may use a share promise first, then one
 * removes the file; what comes next is decided by {@link NextStep}. Where it has come to is written
 * down with every step, so that a server that ends goes on where it was; and before the one host is
 * told, the policies and all that is known of the fleet are looked at once more.
 */
final class Withdrawals {
  private static final Logger LOG = LoggerFactory.getLogger(Withdrawals.class);
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final int MOST = 1000;

  private final Database database;
  private final Hosts hosts;
  private final Operations operations;
  private final Revisions revisions;
  private final CleanUpFacts facts;
  private final InstantSource clock;

  Withdrawals(
      Database database,
      Hosts hosts,
      Operations operations,
      Revisions revisions,
      CleanUpFacts facts,
      InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.operations = operations;
    this.revisions = revisions;
    this.facts = facts;
    this.clock = clock;
  }

  /** Begins it: all hosts of the share are asked. Empty if too many are leaving already. */
  Optional<OperationView> ask(Transaction tx, String tenant, String name, Verdict verdict) {
    DiskId base = verdict.base().id();
    Optional<ShareRow> share = share(tx, new EntityName(verdict.cache().name()));
    if (share.isEmpty() || tx.withdrawals().all().size() >= MOST) {
      return Optional.empty();
    }
    LOG.info("Base disk {} is to leave {}: {}", base, name, String.join(", ", verdict.why()));
    OperationRow operation =
        operations.begin(tx, tenant, OperationKind.EVICT, Subject.base(name, base), 0, List.of());
    tx.withdrawals()
        .put(
            WithdrawalRow.asked(
                share.get().name(),
                base,
                UUID.randomUUID().toString(),
                operation.view().id(),
                clock.instant()));
    tell(tx, share.get(), Optional.empty());
    return Optional.of(operation.view());
  }

  /** Does what comes next for all that are about to leave. */
  void advance() {
    if (!database.read(this::isAnythingDue)) {
      return;
    }
    database.change(tx -> {
      tx.lockFleet();
      tx.lock(hosts.all().stream().map(host -> host.report().id()).toList());
      tx.withdrawals().all().forEach(row -> advance(tx, row));
    });
  }

  /** Nobody is held up while there is only something to wait for. */
  private boolean isAnythingDue(Transaction tx) {
    Instant now = clock.instant();
    return tx.withdrawals().all().stream()
        .anyMatch(row ->
            share(tx, row.share())
                .filter(share -> !isSameAsAnother(tx, share, row))
                .map(share -> NextStep.of(stand(row, now), answers(share, row)))
                .filter(NextStep.Wait.class::isInstance)
                .isEmpty());
  }

  /** Another share turns out to be the same folder while it is about to be removed. */
  private boolean isSameAsAnother(Transaction tx, ShareRow share, WithdrawalRow row) {
    return row.remover().isPresent()
        && !row.recalled()
        && ShareFacts.of(share, hosts).sameAs(tx.shares().all(), hosts).isPresent();
  }

  private void advance(Transaction tx, WithdrawalRow row) {
    Optional<ShareRow> share = share(tx, row.share());
    if (share.isEmpty()) {
      end(tx, row, failed(row, "The share was removed from the fleet."));
      return;
    }
    Instant now = clock.instant();
    if (isSameAsAnother(tx, share.get(), row)) {
      put(tx, share.get(), row.recall(now));
      return;
    }
    switch (NextStep.of(stand(row, now), answers(share.get(), row))) {
      case NextStep.Wait() -> {}
      case NextStep.Order(List<HostId> able) -> order(tx, share.get(), row, able, now);
      case NextStep.Recall() -> put(tx, share.get(), row.recall(now));
      case NextStep.Reassign() -> put(tx, share.get(), row.unassigned(now));
      case NextStep.Gone(long freed) -> {
        tx.cleanUp().forgetUse(CleanUpTable.ofShare(row.share().text()), row.base());
        end(tx, row, "removed, " + ByteSize.show(freed) + " are free again");
      }
      case NextStep.Stays(Problem why) -> end(tx, row, why);
      case NextStep.GivenUp(List<String> silent) -> end(tx, row, late(row, silent));
    }
  }

  private static NextStep.Stand stand(WithdrawalRow row, Instant now) {
    return new NextStep.Stand(
        row.remover(), row.step(), row.recalled(), row.changedAt().plus(LONGEST).isBefore(now));
  }

  private List<NextStep.Answer> answers(ShareRow share, WithdrawalRow row) {
    // Whoever was told to remove it answers for that, also when the share is no longer for it.
    return Stream.concat(
            ShareFacts.of(share, hosts).users().stream(),
            row.remover().flatMap(hosts::find).stream())
        .distinct()
        .map(seen -> {
          HostReport host = seen.report();
          return new NextStep.Answer(
              host.id(),
              host.name().text(),
              hosts.connected(seen) && ShareFacts.isAble(share, host),
              said(share, row, host));
        })
        .toList();
  }

  private static Optional<WithdrawalReport> said(
      ShareRow share, WithdrawalRow row, HostReport host) {
    return ShareFacts.found(share, host).map(ShareReport::leaving).orElse(List.of()).stream()
        .filter(said -> said.base().equals(row.base()) && said.order().equals(row.order()))
        .findFirst();
  }

  /** All have promised. What was right when they were asked may be wrong by now. */
  private void order(
      Transaction tx, ShareRow share, WithdrawalRow row, List<HostId> able, Instant now) {
    Set<WithdrawalRow> undecided = new HashSet<>(tx.withdrawals().all());
    undecided.removeIf(other -> other.remover().isPresent());
    Optional<Verdict> verdict =
        CachePlan.of(facts.now(tx, undecided)).stream()
            .filter(v -> v.cache().key().equals(CleanUpTable.ofShare(share.name().text())))
            .filter(v -> v.base().id().equals(row.base()))
            .findFirst();
    boolean leaves = verdict.filter(Verdict::leaves).isPresent();
    boolean closed = verdict.map(Verdict::cache).flatMap(CacheFacts::closed).isPresent();
    if (leaves) {
      HostId remover = able.getFirst();
      LOG.info("Base disk {} is removed from {} by {}", row.base(), row.share(), remover);
      put(tx, share, row.orderedOf(remover, now));
    } else if (!closed || stand(row, now).late()) {
      String why = verdict.map(v -> String.join("; ", v.why())).orElse("no host sees it there");
      end(tx, row, failed(row, "It may not go any more: " + why + "."));
    }
  }

  private void put(Transaction tx, ShareRow share, WithdrawalRow row) {
    tx.withdrawals().put(row);
    tell(tx, share, row.remover());
  }

  private static Problem late(WithdrawalRow row, List<String> silent) {
    return Problem.of(ErrorCode.TIMED_OUT, doing(row))
        .detail(
            silent.isEmpty()
                ? "The host that was to remove it has not done it in time."
                : "Not all hosts have answered in time: " + String.join(", ", silent) + ".")
        .next("It stays. Clean up again when they are connected: ratoon cache clean.");
  }

  private static Problem failed(WithdrawalRow row, String why) {
    return Problem.of(ErrorCode.WRONG_STATE, doing(row))
        .detail(why)
        .next("'ratoon cache plan' shows what can go.");
  }

  private static String doing(WithdrawalRow row) {
    return "removing base disk " + row.base().shortForm() + " from the share " + row.share();
  }

  private void end(Transaction tx, WithdrawalRow row, Problem why) {
    LOG.info("Base disk {} stays on {}: {}", row.base(), row.share(), why.detail());
    operations
        .running(tx, row.operation())
        .ifPresent(operation -> operations.fail(tx, operation, why));
    forget(tx, row);
  }

  private void end(Transaction tx, WithdrawalRow row, String result) {
    LOG.info("Base disk {} has left {}: {}", row.base(), row.share(), result);
    operations
        .running(tx, row.operation())
        .ifPresent(operation -> operations.succeed(tx, operation, result));
    forget(tx, row);
  }

  /** Its hosts may use it again, or put it there anew. */
  private void forget(Transaction tx, WithdrawalRow row) {
    tx.withdrawals().end(row);
    share(tx, row.share()).ifPresent(share -> tell(tx, share, row.remover()));
  }

  /** What the hosts of a share shall be has changed. */
  private void tell(Transaction tx, ShareRow share, Optional<HostId> another) {
    Stream.concat(
            ShareFacts.of(share, hosts).users().stream().map(host -> host.report().id()),
            another.stream().filter(host -> hosts.find(host).isPresent()))
        .distinct()
        .forEach(host -> revisions.next(tx, host));
  }

  private static Optional<ShareRow> share(Transaction tx, EntityName name) {
    return tx.shares().all().stream().filter(share -> share.name().equals(name)).findFirst();
  }
}
