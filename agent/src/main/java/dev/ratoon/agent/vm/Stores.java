package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.cache.Cache;

/**
 * Where VMs' disks come from.
 *
 * @param cache the host's
 * @param bases brings what the cache lacks
 */
public record Stores(Cache cache, Bases bases) {}
