package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.TimeSource;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.server.inventory.DeployBatch.Deploy;
import dev.ratoon.server.store.Promised;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What hosts were promised for, remembered with the revision of their desired states at which that
 * was read or written. Whoever promises anything of a host, on whatever server, makes a new
 * revision of it in the same transaction; so what is remembered of the revision that a host has,
 * under its lock, is at least what it was promised for. It may have become less since, when VMs
 * were deployed. So everything is forgotten soon; a choice that does not hold meanwhile is made
 * anew, and then the database is asked.
 */
final class PromiseMemory {
  private static final long KEPT_NANOS = Duration.ofSeconds(5).toNanos();

  private final TimeSource clock;
  private final Map<HostId, Known> known = new ConcurrentHashMap<>();

  private record Known(long revision, Promised promised, long atNanos) {}

  PromiseMemory(TimeSource clock) {
    this.clock = clock;
  }

  /**
   * What these hosts, which the transaction has locked, were promised for.
   *
   * @param fresh whether the database is to be asked in any case
   */
  Map<HostId, Promised> of(Transaction tx, Set<HostId> hosts, boolean fresh) {
    if (!tx.shared()) {
      return tx.vms().promised(hosts);
    }
    Map<HostId, Long> revisions = tx.hosts().revisions(hosts);
    Map<HostId, Promised> promised = new HashMap<>();
    Set<HostId> unknown = new HashSet<>();
    long now = clock.nanoTime();
    revisions.forEach((host, revision) -> {
      Known before = known.get(host);
      if (!fresh
          && before != null
          && before.revision() == revision
          && now - before.atNanos() < KEPT_NANOS) {
        promised.put(host, before.promised());
      } else {
        unknown.add(host);
      }
    });
    Map<HostId, Promised> read = tx.vms().promised(unknown);
    for (HostId host : unknown) {
      Promised there = read.getOrDefault(host, Promised.NOTHING);
      promised.put(host, there);
      Known seen = new Known(revisions.getOrDefault(host, 0L), there, now);
      // What this transaction itself has changed may yet be undone.
      tx.afterCommit(() -> known.put(host, seen));
    }
    return promised;
  }

  /**
   * Deploys were promised room, by a change that is durable now.
   *
   * @param revisions that it made of their hosts
   */
  void add(List<Deploy> deploys, Map<HostId, Long> revisions) {
    Map<HostId, List<VmNeeds>> more = new HashMap<>();
    for (Deploy deploy : deploys) {
      for (Placement.Place place : deploy.places) {
        more.computeIfAbsent(place.host(), _ -> new ArrayList<>()).add(deploy.needs());
      }
    }
    revisions.forEach((host, revision) ->
        known.computeIfPresent(
            host,
            (same, before) ->
                before.revision() == revision - 1
                    ? new Known(
                        revision,
                        with(before.promised(), more.getOrDefault(host, List.of())),
                        before.atNanos())
                    : null));
  }

  private static Promised with(Promised before, List<VmNeeds> more) {
    Promised sum = before;
    for (VmNeeds needs : more) {
      sum = with(sum, needs);
    }
    return sum;
  }

  private static Promised with(Promised before, VmNeeds needs) {
    Map<DiskId, Long> bases = new HashMap<>(before.bases());
    bases.putAll(needs.bases());
    return new Promised(
        before.memoryBytes() + needs.memoryBytes(),
        before.cpus() + needs.cpus(),
        before.vms() + 1,
        before.diskBytes() + needs.diskBytes(),
        before.starting() + 1,
        bases);
  }
}
