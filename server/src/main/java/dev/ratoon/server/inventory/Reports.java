package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Folds what agents report into what the server knows: the state of hosts and VMs, and through it
 * the progress and the end of operations. A report is one transaction, whatever it holds; what says
 * nothing new costs a comparison, and steps and bytes on their way cost no write.
 */
public final class Reports implements ServerLink {
  private final Database database;
  private final Hosts hosts;
  private final Observations observations;
  private final Revisions revisions;
  private final VmFolding folding;
  private final BasePlaces places;
  private final BaseProgress bases;
  private final Adoptions adoptions;
  private final Migrations migrations;

  Reports(
      Database database,
      Hosts hosts,
      Observations observations,
      Revisions revisions,
      VmFolding folding,
      BasePlaces places,
      BaseProgress bases,
      Adoptions adoptions,
      Migrations migrations) {
    this.places = places;
    this.bases = bases;
    this.adoptions = adoptions;
    this.migrations = migrations;
    this.database = database;
    this.hosts = hosts;
    this.observations = observations;
    this.revisions = revisions;
    this.folding = folding;
  }

  @Override
  public Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    hosts.heard(host);
    try {
      return revisions.desired(host, known, wait);
    } finally {
      hosts.heard(host);
    }
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    return places.of(host, base);
  }

  @Override
  public void report(HostReport report) {
    if (isQuiet(report)) {
      hosts.heard(report);
      return;
    }
    database.change(tx -> {
      Standing standing = hosts.report(tx, report);
      boolean fresh = hosts.hold(tx, report.id());
      long revision = tx.hosts().revision(report.id()).orElseThrow();
      tx.afterCommit(() -> revisions.reported(report.id(), revision, tells(standing)));
      if (standing == Standing.OURS) {
        folding.fold(
            tx,
            List.of(new VmFolding.Told(report.id(), report.vms())),
            fresh ? Set.of(report.id()) : Set.of());
        removePurged(tx, report);
        bases.fold(tx, report.id(), report.bases());
        adoptions.fold(tx, report);
        if (!report.incarnation().isEmpty() && tx.hosts().replaces(report.id()).isPresent()) {
          tx.hosts().followed(report.id());
        }
      }
    });
  }

  @Override
  public Duration betweenReports() {
    return Hosts.betweenReports(hosts.count());
  }

  /** Whether it says nothing new, and nobody waits for what it says again. */
  private boolean isQuiet(HostReport report) {
    return hosts.isQuiet(report)
        && report.vms().stream().noneMatch(vm -> observations.isNews(report.id(), vm))
        && !bases.isAwaited(report.id(), report.bases())
        && report.adopted().map(AdoptedReport::adoptions).orElse(List.of()).isEmpty()
        && (hosts.knowsRevision(report) || !revisions.isPurging(report.id()));
  }

  /** Whether the host may be told what it shall be. */
  private static boolean tells(Standing standing) {
    return switch (standing) {
      case OURS, GIVING_UP -> true;
      case AHEAD, FOREIGN -> false;
    };
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    hosts.heard(host);
    if (hosts.isOurs(host)) {
      folding.report(host, changed);
    }
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    hosts.heard(host);
    if (hosts.isOurs(host)) {
      database.change(tx -> {
        boolean _ = hosts.hold(tx, host);
        bases.fold(tx, host, changed);
      });
    }
  }

  @Override
  public void reportMoves(HostId host, List<MoveReport> moves) {
    hosts.heard(host);
    if (hosts.isOurs(host)) {
      database.change(tx -> {
        boolean _ = hosts.hold(tx, host);
        migrations.fold(tx, host, moves);
      });
    }
  }

  /** A VM to be purged is gone once a host that knows of that no longer has it. */
  private void removePurged(Transaction tx, HostReport report) {
    if (tx.vms().toBePurged(report.id()).isEmpty()) {
      tx.afterCommit(() -> revisions.hasPurged(report.id()));
      return;
    }
    Set<VmId> there = new HashSet<>();
    report.vms().forEach(vm -> there.add(vm.id()));
    if (tx.shared()) {
      tx.lock(report.id());
    }
    tx.vms().toBePurged(report.id()).stream()
        .filter(vm -> vm.desiredRevision() <= report.revision() && !there.contains(vm.id()))
        .forEach(vm -> folding.remove(tx, vm));
  }
}
