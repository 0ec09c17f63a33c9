package dev.ratoon.simulation;

import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.tenants.Tokens;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What must hold at any moment, and what must hold in the end. What is broken is said in words, at
 * most so many of a kind.
 */
final class Invariants {
  private static final int MOST_OPERATIONS = 10_000_000;
  private static final int MOST_SHOWN = 20;

  private final Database database;
  private final Fleet fleet;
  private final Ledger ledger;
  private final List<String> broken = new ArrayList<>();

  Invariants(Database database, Fleet fleet, Ledger ledger) {
    this.database = database;
    this.fleet = fleet;
    this.ledger = ledger;
  }

  /** What was found broken until now. */
  List<String> broken() {
    return List.copyOf(broken);
  }

  /** Looks at hosts alone, which is cheap. */
  void checkHosts() {
    Map<VmId, HostId> running = new HashMap<>();
    for (SimulatedHost host : fleet.hosts()) {
      long memory = 0;
      for (SimulatedVm vm : host.vms()) {
        if (vm.runs) {
          memory += vm.wanted.memoryBytes();
          HostId other = running.put(vm.id(), host.self().id());
          require(other == null, "runs twice, now on " + host.self(), vm.id());
        }
        if (vm.disksMade) {
          vm.wanted.disks().stream()
              .flatMap(disk -> disk.base().stream())
              .forEach(base ->
                  require(host.hasBase(base), "stands on what is not there: " + base, vm.id()));
        }
      }
      require(
          memory <= host.self().size().memoryBytes(),
          "runs VMs with so much memory: " + memory,
          host.self());
    }
  }

  /** Looks at the database, too. */
  void check() {
    checkHosts();
    Set<HostId> hosts = new HashSet<>();
    fleet.hosts().forEach(host -> hosts.add(host.self().id()));
    // First what was acknowledged, then what is there: it was written before.
    Set<VmId> acknowledged = new HashSet<>(ledger.vms());
    List<VmRow> rows = database.read(tx -> tx.vms().all(Tokens.DEFAULT_TENANT));
    Map<HostId, Long> promised = new HashMap<>();
    for (VmRow row : rows) {
      acknowledged.remove(row.id());
      require(hosts.contains(row.host()), "is on no host: " + row.host(), row.id());
      if (!row.trashed()) {
        promised.merge(row.host(), row.spec().memoryBytes(), Long::sum);
      }
    }
    acknowledged.removeAll(ledger.deleted());
    acknowledged.forEach(lost -> require(false, "was accepted and is lost", lost));
    for (SimulatedHost host : fleet.hosts()) {
      long bytes = promised.getOrDefault(host.self().id(), 0L);
      require(
          bytes <= host.self().size().memoryBytes(),
          "was promised for so much memory: " + bytes,
          host.self());
    }
  }

  /** Looks at everything once nothing is under way any more. */
  void checkEnd() {
    check();
    List<OperationRow> operations = operations();
    Set<OperationId> ended = new HashSet<>();
    Set<VmId> failed = new HashSet<>();
    for (OperationRow row : operations) {
      OperationState state = row.view().state();
      require(state.ended(), "never ends", row.view());
      ended.add(row.view().id());
      if (state == OperationState.FAILED) {
        require(row.view().problem().isPresent(), "failed and does not say why", row.view());
        row.view().vm().ifPresent(failed::add);
      }
    }
    ledger.operations().stream()
        .filter(id -> !ended.contains(id))
        .forEach(id -> require(false, "was accepted and is lost", id));
    Map<VmId, HostId> there = new HashMap<>();
    Set<VmId> running = new HashSet<>();
    for (SimulatedHost host : fleet.hosts()) {
      for (SimulatedVm vm : host.vms()) {
        there.put(vm.id(), host.self().id());
        if (vm.runs) {
          running.add(vm.id());
        }
        if (vm.problem.isPresent()) {
          failed.add(vm.id());
        }
      }
    }
    List<VmRow> rows = database.read(tx -> tx.vms().all(Tokens.DEFAULT_TENANT));
    for (VmRow row : rows) {
      boolean purging = row.power() == DesiredPower.PURGED;
      require(
          purging || row.host().equals(there.get(row.id())),
          "is not on its host but on " + there.get(row.id()),
          row.id());
      require(
          failed.contains(row.id())
              || running.contains(row.id()) == (row.power() == DesiredPower.RUNNING),
          "is not as it is wanted, which is " + row.power(),
          row.id());
    }
  }

  /** How long each deploy took until its VM ran, in simulated milliseconds, the shortest first. */
  List<Long> millisToRunning() {
    return operations().stream()
        .map(OperationRow::view)
        .filter(view -> view.kind() == OperationKind.DEPLOY && view.state() == OperationState.DONE)
        .map(view -> view.endedAt().orElseThrow().toEpochMilli() - view.createdAt().toEpochMilli())
        .sorted()
        .toList();
  }

  int underWay() {
    return database.<Integer>read(tx -> tx.operations().running().size());
  }

  private List<OperationRow> operations() {
    return database.read(tx -> tx.operations().newest(Tokens.DEFAULT_TENANT, MOST_OPERATIONS));
  }

  private void require(boolean holds, String what, Object whose) {
    if (!holds && broken.size() < MOST_SHOWN) {
      broken.add(whose + " " + what);
    }
  }
}
