package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.TimeSource;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fleet's snapshot, on which VMs are placed, one after the other. A large fleet is not looked
 * at anew for each deploy: its snapshot is kept, what is placed takes its room there at once, and
 * it is made anew in the background. It may be wrong by what has happened since, so a choice counts
 * only when it holds for what is known of the chosen hosts now; where it does not, or where nobody
 * fits, the whole fleet is looked at and the choice is made again. So nobody is refused by what
 * was, and nothing promised twice.
 */
final class StandingFleet {
  private static final Logger LOG = LoggerFactory.getLogger(StandingFleet.class);

  /** A fleet of so many hosts and VMs is looked at anew each time. */
  static final int SMALL = 512;

  private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();

  /** Making it anew takes at most one processor's time in so many. */
  private static final int SPARING = 20;

  private static final long OLD_NANOS = Duration.ofSeconds(30).toNanos();

  private final Database database;
  private final Placements placements;
  private final int small;
  private final TimeSource clock;
  private final AtomicBoolean renewing = new AtomicBoolean();

  // Guarded by this.
  private @Nullable Kept kept;
  private List<Placed> placed = new ArrayList<>();

  /** A snapshot, when its making began, and how long that took. */
  private record Kept(FleetSnapshot fleet, Settings settings, long sinceNanos, long madeInNanos) {}

  private record Placed(HostId host, VmNeeds needs, long atNanos) {}

  StandingFleet(Database database, Placements placements, int small, TimeSource clock) {
    this.clock = clock;
    this.database = database;
    this.placements = placements;
    this.small = small;
  }

  /** Whether the fleet is so large that its snapshot is kept. */
  boolean isKept() {
    Hosts hosts = placements.hosts();
    return hosts.count() > small || hosts.count() + hosts.vms() > small;
  }

  /**
   * Chooses hosts on the fleet's snapshot.
   *
   * @param fresh whether that is to be how the fleet is now
   * @param choosing is given the snapshot, and whom to tell of what it has placed
   */
  synchronized void choose(
      Transaction tx,
      Settings settings,
      boolean fresh,
      BiConsumer<FleetSnapshot, Noting> choosing) {
    Kept now = kept;
    long age = now == null ? Long.MAX_VALUE : clock.nanoTime() - now.sinceNanos();
    boolean fit = isKept() && now != null && age < OLD_NANOS && now.settings().equals(settings);
    // What an attempt that came to nothing has placed is not there.
    if (fresh || tx.attempt() > 1 || now == null || !fit) {
      now = made(tx, settings);
      if (isKept()) {
        take(now);
      }
    } else if (age > FRESH_NANOS + SPARING * now.madeInNanos()) {
      renewInBackground();
    }
    choosing.accept(now.fleet(), this::note);
  }

  /** Told of what was placed. */
  interface Noting {
    void placed(VmNeeds needs, Placement.Chosen chosen);
  }

  /** The whole fleet as it is now. */
  FleetSnapshot looked(Transaction tx, String tenant, VmNeeds needs, Settings settings) {
    return placements.fleet(tx, tenant, needs, placements.snapshots(tx, settings), settings);
  }

  private void note(VmNeeds needs, Placement.Chosen chosen) {
    if (isKept()) {
      long now = clock.nanoTime();
      chosen.hosts().forEach(host -> placed.add(new Placed(host, needs, now)));
    }
  }

  private Kept made(Transaction tx, Settings settings) {
    long began = clock.nanoTime();
    FleetSnapshot fleet = placements.fleet(tx, placements.snapshots(tx, settings), settings);
    return new Kept(fleet, settings, began, clock.nanoTime() - began);
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
