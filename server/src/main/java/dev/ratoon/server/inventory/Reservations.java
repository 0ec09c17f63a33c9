package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.Outdated;
import dev.ratoon.server.store.Transaction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Keeps hosts from being promised twice where several servers place at once. Hosts are chosen by
 * what was promised when the choice began. Then the hosts that were chosen are locked, what they
 * have been promised is read again, and the choice must still hold for each of them; if it does
 * not, the whole deploy is decided anew. One to which that has happened a few times waits until
 * nobody else places and then decides alone, so that it is refused only when there is no room.
 */
record Reservations(Placements placements) {
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
   * Locks the chosen hosts, and makes sure that the choice holds.
   *
   * @param places a host for each VM
   * @throws Outdated if one of them has been promised to others meanwhile
   */
  void require(
      Transaction tx, String tenant, VmNeeds needs, List<HostId> places, Settings settings) {
    if (!tx.shared()) {
      return;
    }
    Map<HostId, Long> counts =
        places.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    Set<HostId> chosen = counts.keySet();
    tx.lock(chosen);
    List<HostSnapshot> now = placements.snapshots(tx, tx.vms().promises(chosen), settings, chosen);
    for (HostSnapshot host : now) {
      int wanted = counts.getOrDefault(host.id(), 0L).intValue();
      Placer placer = new Placer(placements.fleet(tx, tenant, needs, List.of(host), settings));
      if (placer.place(needs, wanted, Quota.NONE) instanceof Placement.Refused) {
        throw new Outdated("the room on " + host.name());
      }
    }
    if (now.size() < chosen.size()) {
      throw new Outdated("a host was removed");
    }
  }
}
