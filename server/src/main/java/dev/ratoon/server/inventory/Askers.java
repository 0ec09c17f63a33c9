package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Which hosts have lately asked where a base is. They are bringing it, or about to, and give others
 * what they have of it, long before their next report says so: where many hosts were told to bring
 * a base at once, they must know of each other at once. A host asks again and again while a base
 * arrives; one that does so no longer is soon forgotten.
 */
final class Askers {
  private static final Duration REMEMBERED = Duration.ofSeconds(20);

  private final InstantSource clock;

  /** For each base its askers, who asked last being last. */
  private final Map<DiskId, LinkedHashMap<HostId, Instant>> asked = new HashMap<>();

  Askers(InstantSource clock) {
    this.clock = clock;
  }

  /** A host asks where a base is. */
  synchronized void asks(HostId host, DiskId base) {
    Instant now = clock.instant();
    forgetBefore(now.minus(REMEMBERED));
    LinkedHashMap<HostId, Instant> hosts =
        asked.computeIfAbsent(base, _ -> new LinkedHashMap<>());
    hosts.remove(host);
    hosts.put(host, now);
  }

  /** The hosts that have lately asked for the base. */
  synchronized Set<HostId> of(DiskId base) {
    forgetBefore(clock.instant().minus(REMEMBERED));
    return Set.copyOf(asked.getOrDefault(base, new LinkedHashMap<>()).keySet());
  }

  private void forgetBefore(Instant oldest) {
    Iterator<LinkedHashMap<HostId, Instant>> bases = asked.values().iterator();
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
