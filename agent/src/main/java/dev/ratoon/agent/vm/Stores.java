package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.share.ChosenCaches;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.share.Shares;
import dev.ratoon.cache.Cache;

/**
 * Where VMs' disks come from.
 *
 * @param cache the host's
 * @param bases brings what the cache lacks
 * @param shares the caches that it shares with other hosts
 */
public record Stores(Cache cache, Bases bases, Shares shares) {

  /** Those of the host's caches that users may choose. */
  ChosenCaches chosen() {
    return new ChosenCaches(cache, shares, bases);
  }

  /** All that VMs can stand on. */
  HostCaches caches() {
    return new HostCaches(cache, shares);
  }
}
