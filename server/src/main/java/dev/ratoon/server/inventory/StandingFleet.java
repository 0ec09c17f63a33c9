package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.placement.Wishes;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Places VMs on a fleet that is too large to be looked at anew for each deploy. A snapshot is kept,
 * in which what is placed takes its room at once, and made anew in the background once a second. It
 * may be wrong by what has happened since, so a choice counts only when it holds for what is known
 * of the chosen hosts now; where it does not, or where nobody fits, the whole fleet is looked at
 * and the choice is made again. So nobody is refused by what was, and nothing promised twice.
 *
 * <p>Where several servers write, {@link Reservations} looks at the chosen hosts once they are
 * locked, and has the deploy done again where the choice does not hold; what that attempt took in
 * the snapshot is not there, so the next one looks anew.
 */
final class StandingFleet {
  private static final Logger LOG = LoggerFactory.getLogger(StandingFleet.class);

  /** A fleet so small is looked at anew each time. */
  static final int SMALL = 256;

  private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long OLD_NANOS = Duration.ofSeconds(30).toNanos();

  private final Database database;
  private final Placements placements;
  private final int small;
  private final AtomicBoolean renewing = new AtomicBoolean();

  // Guarded by this.
  private @Nullable Kept kept;
  private List<Placed> placed = new ArrayList<>();

  /** A snapshot, and when its making began. */
  private record Kept(FleetSnapshot fleet, Settings settings, long sinceNanos) {}

  private record Placed(HostId host, VmNeeds needs, long atNanos) {}

  StandingFleet(Database database, Placements placements, int small) {
    this.database = database;
    this.placements = placements;
    this.small = small;
  }

  /** Chooses hosts, or says why not; see {@link Placer#place}. */
  Placement place(Transaction tx, String tenant, VmNeeds needs, int count, Settings settings) {
    if (placements.hosts().count() <= small) {
      return new Placer(looked(tx, tenant, needs, settings)).place(needs, count, Quota.NONE);
    }
    Set<HostId> group =
        needs
            .wishes()
            .group()
            .map(g -> tx.placement().group(tenant, new EntityName(g.name())))
            .orElse(Set.of());
    synchronized (this) {
      return place(tx, needs, count, settings, group);
    }
  }

  /** The whole fleet as it is now. */
  FleetSnapshot looked(Transaction tx, String tenant, VmNeeds needs, Settings settings) {
    return placements.fleet(
        tx, tenant, needs, placements.snapshots(tx, tx.vms().promises(), settings), settings);
  }

  private Placement place(
      Transaction tx, VmNeeds needs, int count, Settings settings, Set<HostId> group) {
    Kept now = kept;
    long age = now == null ? Long.MAX_VALUE : System.nanoTime() - now.sinceNanos();
    boolean serves = now != null && age < OLD_NANOS && now.settings().equals(settings);
    if (now != null && serves && tx.attempt() == 1) {
      if (age > FRESH_NANOS) {
        renewInBackground();
      }
      Placement placement = placed(now.fleet(), needs, count, group);
      if (placement instanceof Placement.Chosen chosen
          && (tx.shared() || holds(tx, needs, chosen, settings))) {
        return noted(needs, chosen);
      }
    }
    Kept fresh = made(tx, settings);
    take(fresh);
    Placement placement = placed(fresh.fleet(), needs, count, group);
    return placement instanceof Placement.Chosen chosen ? noted(needs, chosen) : placement;
  }

  private static Placement placed(
      FleetSnapshot fleet, VmNeeds needs, int count, Set<HostId> group) {
    needs.wishes().group().map(Wishes.Group::name).ifPresent(name -> fleet.group(name, group));
    return new Placer(fleet).place(needs, count, Quota.NONE);
  }

  /** Whether the chosen hosts take what is to go there, as far as is known now. */
  private boolean holds(Transaction tx, VmNeeds needs, Placement.Chosen chosen, Settings settings) {
    Map<HostId, Integer> counts = new HashMap<>();
    chosen.hosts().forEach(host -> counts.merge(host, 1, Integer::sum));
    List<HostSnapshot> hosts =
        placements.snapshots(tx, tx.vms().promises(counts.keySet()), settings, counts.keySet());
    FleetSnapshot fleet = placements.fleet(hosts, settings);
    Placer placer = new Placer(fleet);
    VmNeeds anywhere = needs.apartFromGroups();
    return hosts.size() == counts.size()
        && counts.entrySet().stream()
            .allMatch(entry ->
                placer.place(anywhere.on(entry.getKey()), entry.getValue(), Quota.NONE)
                    instanceof Placement.Chosen);
  }

  private Placement noted(VmNeeds needs, Placement.Chosen chosen) {
    long now = System.nanoTime();
    chosen.hosts().forEach(host -> placed.add(new Placed(host, needs, now)));
    return chosen;
  }

  private Kept made(Transaction tx, Settings settings) {
    long began = System.nanoTime();
    return new Kept(
        placements.fleet(tx, placements.snapshots(tx, tx.vms().promises(), settings), settings),
        settings,
        began);
  }

  /** What was placed since its making began is placed there, too. */
  private synchronized void take(Kept fresh) {
    placed =
        new ArrayList<>(
            placed.stream().filter(one -> one.atNanos() - fresh.sinceNanos() >= 0).toList());
    placed.forEach(one -> fresh.fleet().place(one.host(), one.needs()));
    kept = fresh;
  }

  private void renewInBackground() {
    if (renewing.compareAndSet(false, true)) {
      Thread.ofPlatform()
          .name("fleet-snapshot")
          .daemon()
          .start(() -> {
            try {
              take(database.read(tx -> made(tx, tx.fleet().settings())));
            } catch (RuntimeException theOldOneServes) {
              LOG.atWarn().setCause(theOldOneServes).log("the fleet's snapshot was not renewed");
            } finally {
              renewing.set(false);
            }
          });
    }
  }
}
