package dev.ratoon.cache.share;

import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The bases that this host is to put on a share: their leases, renewed until they are there. */
final class Claims {
  private static final int RENEWALS_IN_AN_EXPIRY = 6;
  private static final int PERCENT = 100;

  private final Share.Place place;
  private final ShareFiles files;
  private final ShareCalls calls;
  private final Leases leases;
  private final NanoClock clock;

  /** Each with how much of its base is there, in percent. */
  private final Map<Lease, Integer> held = new ConcurrentHashMap<>();

  Claims(Share.Place place, ShareFiles files, ShareCalls calls, Leases leases, NanoClock clock) {
    this.place = place;
    this.files = files;
    this.calls = calls;
    this.leases = leases;
    this.clock = clock;
  }

  /** What this host is about, and how much of it is there, in percent. */
  Map<DiskId, Integer> coming() {
    Map<DiskId, Integer> coming = new HashMap<>();
    held.forEach((lease, percent) -> coming.put(lease.id(), percent));
    return coming;
  }

  /** See {@link Share#claim}. */
  Claim claim(DiskId id, String doing) {
    if (coming().containsKey(id)) {
      return new Claim.HeldHere();
    }
    Claim claim =
        calls.run(
            doing,
            beat ->
                files.look(SharePaths.content(id)).isPresent()
                    ? new Claim.There()
                    : leases
                        .take(id)
                        .<Claim>map(Claim.Taken::new)
                        .orElseGet(Claim.HeldByOther::new),
            this::giveBack);
    if (claim instanceof Claim.Taken(Lease lease)) {
      held.put(lease, 0);
    }
    return claim;
  }

  private void giveBack(Claim claim) throws IOException {
    if (claim instanceof Claim.Taken(Lease lease)) {
      leases.release(lease);
    }
  }

  /** Gives a claim back: the base cannot be brought. */
  void release(Lease lease) {
    held.remove(lease);
    try {
      boolean _ =
          calls.run(
              "giving back the lease of base disk " + lease.id().shortForm(),
              beat -> {
                leases.release(lease);
                return true;
              });
    } catch (RatoonException itExpires) {
      leases.abandon(lease);
    }
  }

  /** See {@link Share#fill}. */
  void fill(
      Lease lease, Manifest manifest, Supplier<VirtualDisk> source, Share.FillListener ended) {
    String doing = "putting base disk " + lease.id().shortForm() + " on the share " + place.name();
    ShareCalls.Call<Boolean> call;
    try {
      call = calls.begin(doing, beat -> filled(lease, manifest, source, beat));
    } catch (RatoonException refused) {
      held.remove(lease);
      leases.abandon(lease);
      ended.ended(Optional.of(refused.problem()));
      return;
    }
    var _ =
        call.result()
            .whenComplete((_, failed) -> {
              held.remove(lease);
              leases.abandon(lease);
              ended.ended(
                  Optional.ofNullable(failed).map(why -> calls.failure(doing, why).problem()));
            });
  }

  private boolean filled(Lease lease, Manifest manifest, Supplier<VirtualDisk> source, Beat beat)
      throws IOException {
    try (VirtualDisk disk = source.get()) {
      new Filling(files, leases, lease, manifest, beat)
          .run(
              disk,
              (done, total) ->
                  held.computeIfPresent(lease, (same, before) -> (int) (done * PERCENT / total)));
      return true;
    } finally {
      held.remove(lease);
      leases.release(lease);
    }
  }

  /** Says that this host is alive, where that was not said for a while. */
  void renew() {
    long every = place.times().lease().toNanos() / RENEWALS_IN_AN_EXPIRY;
    for (Lease lease : Set.copyOf(held.keySet())) {
      if (!calls.isStalled() && !lease.isHeld(clock.nanos(), every)) {
        try {
          boolean _ =
              calls.run(
                  "renewing the lease of base disk " + lease.id().shortForm(),
                  beat -> {
                    leases.renew(lease);
                    return true;
                  });
        } catch (RatoonException stalled) {
          // It expires unless the share answers soon; the holder looks before it publishes.
        }
      }
    }
  }
}
