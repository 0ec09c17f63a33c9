package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a server tells the others of the hosts whose agents report to it: that they do, and what
 * they report. How much of a disk is free changes all the time, so that is told when it has changed
 * by much; the rest when it changes. What VMs do is in their own rows.
 */
final class SharedHosts {
  private static final Duration TOLD_EVERY = Duration.ofMinutes(5);

  private final Histories histories;
  private final InstantSource clock;
  private final Map<HostId, Told> told = new ConcurrentHashMap<>();

  private record Told(HostReport report, Instant at) {}

  SharedHosts(Histories histories, InstantSource clock) {
    this.histories = histories;
    this.clock = clock;
  }

  /** See {@link Hosts#hold}. */
  Set<HostId> hold(Transaction tx, Set<HostId> hosts) {
    Set<HostId> fresh = notHeld(tx, hosts);
    tx.lock(fresh);
    for (HostId host : fresh) {
      tx.hosts().hold(host, histories.run());
      tx.tell(new News.Host(host));
    }
    return fresh;
  }

  /** See {@link Hosts#notHeld}. */
  Set<HostId> notHeld(Transaction tx, Set<HostId> hosts) {
    return tx.shared() ? tx.hosts().notHeldBy(histories.run(), hosts) : Set.of();
  }

  /** It was removed; should it come again, all of it is news. */
  void forget(HostId host) {
    told.remove(host);
  }

  /** Tells others what the host reports, if that is worth it. */
  void tell(Transaction tx, HostReport report, Standing standing) {
    if (!tx.shared()) {
      return;
    }
    Instant now = clock.instant();
    Told before = told.get(report.id());
    boolean due =
        before == null
            || before.at().plus(TOLD_EVERY).isBefore(now)
            || HostNews.isDiskNews(before.report(), report)
            || !steady(before.report()).equals(steady(report));
    if (due || standing != Standing.OURS) {
      // A host of another history is known by its report alone, VMs included.
      HostReport worthTelling = standing == Standing.OURS ? withoutVms(report) : report;
      tx.hosts().tell(worthTelling, standing.name(), now);
      tx.tell(new News.Host(report.id()));
      tx.afterCommit(() -> told.put(report.id(), new Told(report, now)));
    }
  }

  private static HostReport withoutVms(HostReport r) {
    return new HostReport(
        r.id(),
        r.name(),
        r.incarnation(),
        r.revision(),
        r.facts(),
        r.hypervisorProblem(),
        r.replicas(),
        List.of(),
        r.unknownVms(),
        r.chunkAddress(),
        List.of(),
        r.transfers(),
        r.findings(),
        r.shares(),
        r.adopted());
  }

  /** What of a report is news to others at once. */
  private static HostReport steady(HostReport r) {
    return new HostReport(
        r.id(),
        r.name(),
        r.incarnation(),
        0,
        r.facts().lasting(),
        r.hypervisorProblem(),
        r.replicas(),
        List.of(),
        r.unknownVms(),
        r.chunkAddress(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        r.shares(),
        r.adopted());
  }
}
