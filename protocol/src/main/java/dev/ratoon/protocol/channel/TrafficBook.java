package dev.ratoon.protocol.channel;

import dev.ratoon.model.HostId;
import java.util.HashMap;
import java.util.Map;

/** What connections have carried that have ended, for each host at the other end. */
final class TrafficBook {
  /** Hosts that are told apart; only those of the fleet get as far as being counted. */
  private static final int MOST_HOSTS = 10_000;

  private final Map<HostId, Traffic> past = new HashMap<>();
  private Traffic ofAll = Traffic.NONE;

  synchronized void ended(HostId host, Traffic traffic) {
    ofAll = ofAll.plus(traffic);
    if (past.containsKey(host) || past.size() < MOST_HOSTS) {
      past.merge(host, traffic, Traffic::plus);
    }
  }

  /** A connection has ended before it was known with whom. */
  synchronized void ended(Traffic traffic) {
    ofAll = ofAll.plus(traffic);
  }

  synchronized Traffic ofAll() {
    return ofAll;
  }

  /** A copy. */
  synchronized Map<HostId, Traffic> byHost() {
    return new HashMap<>(past);
  }
}
