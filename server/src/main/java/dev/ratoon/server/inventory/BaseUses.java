package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.CleanUpTable.Use;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Notes when base disks were used last, as hosts report: one that comes is as good as used, one
 * that a VM stands on is used all the time. It is exact to the hour: who counts days needs no
 * better, and a report that says nothing new costs a comparison.
 */
final class BaseUses {
  private static final Duration EXACT_TO = Duration.ofHours(1);

  private final Observations observations;
  private final InstantSource clock;
  private final Map<HostId, Look> looks = new ConcurrentHashMap<>();

  /** A base in a cache. */
  private record Key(String cache, DiskId base) {}

  /** What was there when a host was last looked at. */
  private record Look(Set<Key> keys, Instant at) {}

  BaseUses(Observations observations, InstantSource clock) {
    this.observations = observations;
    this.clock = clock;
  }

  /** A host has said how it is. */
  void reported(Transaction tx, HostReport host) {
    Instant now = clock.instant();
    Set<Key> keys = new HashSet<>();
    host.replicas().stream()
        .filter(replica -> replica.cache().isEmpty())
        .forEach(replica -> keys.add(new Key(CleanUpTable.of(host.id()), replica.diskId())));
    host.shares()
        .forEach(share ->
            share.bases().stream()
                .filter(base -> base.state() != ReplicaState.ARRIVING)
                .forEach(base ->
                    keys.add(new Key(CleanUpTable.ofShare(share.name().text()), base.diskId()))));
    Optional<Look> last = Optional.ofNullable(looks.get(host.id()));
    boolean nothingNew =
        last.filter(look -> look.keys().equals(keys) && look.at().plus(EXACT_TO).isAfter(now))
            .isPresent();
    if (nothingNew || keys.isEmpty()) {
      return;
    }
    Set<Key> used = used(tx, host);
    List<Use> news = new ArrayList<>();
    for (Key key : keys) {
      // A share comes and goes with each start of an agent; what is on it does not come by that.
      boolean came =
          key.cache().equals(CleanUpTable.of(host.id()))
              && last.filter(look -> !look.keys().contains(key)).isPresent();
      boolean known = !came && tx.cleanUp().usedAt(key.cache(), key.base()).isPresent();
      if (!known || used.contains(key)) {
        news.add(new Use(key.cache(), key.base(), now));
      }
    }
    tx.cleanUp().used(news);
    tx.afterCommit(() -> looks.put(host.id(), new Look(keys, now)));
  }

  private Set<Key> used(Transaction tx, HostReport host) {
    Set<Key> keys = new HashSet<>();
    CacheNeeds.ofVms(host, tx.vms().onHost(host.id()), observations, tx.shares().all())
        .used()
        .forEach((cache, bases) -> bases.forEach(base -> keys.add(new Key(cache, base))));
    return keys;
  }
}
