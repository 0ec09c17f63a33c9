package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which hosts are bringing a base or about to: they were just told to, or have lately asked where
 * it is. They give others what they have of it, long before their next report says so: where many
 * hosts are told to bring a base at once, they must know of each other at once, or each fetches
 * from the library what another has just fetched. A host asks again and again while a base arrives;
 * one that does so no longer is soon forgotten. Where there are several servers, the database
 * remembers it for all of them.
 */
final class Bringing {
  private static final Duration REMEMBERED = Duration.ofSeconds(20);

  private final InstantSource clock;

  /** For each base its hosts, the one that was noted last being last. */
  private final Map<DiskId, LinkedHashMap<HostId, Instant>> noted = new HashMap<>();

  Bringing(InstantSource clock) {
    this.clock = clock;
  }

  /** A host begins to, or goes on; as part of a change. */
  void note(Transaction tx, HostId host, DiskId base) {
    if (tx.shared()) {
      tx.bringing().note(host, base, clock.instant());
    } else {
      note(host, base);
    }
  }

  /** A host begins to, or goes on; and which hosts do. */
  Set<HostId> noteAndTell(Database database, HostId host, DiskId base) {
    if (!database.shared()) {
      note(host, base);
      return hosts(base);
    }
    Instant now = clock.instant();
    return database.write(tx -> {
      tx.bringing().note(host, base, now);
      return tx.bringing().since(base, now.minus(REMEMBERED));
    });
  }

  /** A host begins to, or goes on. */
  synchronized void note(HostId host, DiskId base) {
    Instant now = clock.instant();
    forgetBefore(now.minus(REMEMBERED));
    LinkedHashMap<HostId, Instant> hosts = noted.computeIfAbsent(base, _ -> new LinkedHashMap<>());
    hosts.remove(host);
    hosts.put(host, now);
  }

  /** The hosts that are bringing the base. */
  synchronized Set<HostId> hosts(DiskId base) {
    forgetBefore(clock.instant().minus(REMEMBERED));
    return Set.copyOf(noted.getOrDefault(base, new LinkedHashMap<>()).keySet());
  }

  private void forgetBefore(Instant oldest) {
    Iterator<LinkedHashMap<HostId, Instant>> bases = noted.values().iterator();
    while (bases.hasNext()) {
      LinkedHashMap<HostId, Instant> hosts = bases.next();
      Iterator<Instant> times = hosts.values().iterator();
      while (times.hasNext() && times.next().isBefore(oldest)) {
        times.remove();
      }
      if (hosts.isEmpty()) {
        bases.remove();
      }
    }
  }
}
