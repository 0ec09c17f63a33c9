package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.inventory.DeployBatch.Deploy;
import dev.ratoon.server.store.Outdated;
import dev.ratoon.server.store.Transaction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Keeps hosts from being promised twice where several servers place at once, and where a choice was
 * made by what was. Hosts are chosen by what was promised when the snapshot was made. Then the
 * hosts that were chosen are locked, what they have been promised is read again, and the choice
 * must still hold for each of them; a deploy of which it does not is decided anew. Where that has
 * happened to the same a few times it waits until nobody else places and then decides alone, so
 * that it is refused only when there is no room.
 */
record Reservations(Placements placements, PromiseMemory promises) {
  private static final int ATTEMPTS_WITH_OTHERS = 3;

  /** Before anything is read. */
  void begin(Transaction tx) {
    if (tx.attempt() <= ATTEMPTS_WITH_OTHERS) {
      tx.reservations().withOthers();
    } else {
      tx.reservations().alone();
    }
  }

  /**
   * Locks the chosen hosts, and makes sure that the choices hold; those that do not are to be made
   * again.
   *
   * @param deploys with a place for each VM
   * @param fresh whether they were chosen by how the fleet is now
   * @throws Outdated if one does not hold all the same: hosts have been promised to others
   *     meanwhile
   */
  void hold(Transaction tx, Settings settings, List<Deploy> deploys, boolean fresh) {
    if (deploys.isEmpty() || (fresh && !tx.shared())) {
      return;
    }
    Set<HostId> chosen =
        deploys.stream()
            .flatMap(deploy -> deploy.places.stream())
            .map(Placement.Place::host)
            .collect(Collectors.toSet());
    tx.lock(chosen);
    List<HostSnapshot> now = placements.snapshots(promises.of(tx, chosen, fresh), settings, chosen);
    FleetSnapshot fleet = placements.fleet(now, settings);
    GroupMembers groups = new GroupMembers(tx);
    for (Deploy deploy : deploys) {
      groups.show(fleet, deploy);
      if (holds(fleet, deploy)) {
        groups.join(deploy);
      } else if (fresh) {
        throw new Outdated("the room for " + deploy.names.getFirst());
      } else {
        deploy.again = true;
      }
    }
  }

  /** Whether the hosts take all of it; it has its room there then, and else none. */
  private static boolean holds(FleetSnapshot fleet, Deploy deploy) {
    int before = fleet.placed();
    Map<HostId, Long> counts =
        deploy.places.stream()
            .map(Placement.Place::host)
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    Placer placer = new Placer(fleet);
    boolean holds =
        counts.entrySet().stream()
            .allMatch(entry ->
                placer.place(
                        deploy.needs().on(entry.getKey()), entry.getValue().intValue(), Quota.NONE)
                    instanceof Placement.Chosen);
    if (!holds) {
      fleet.undo(before);
    }
    return holds;
  }
}
