package dev.ratoon.cache;

import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;

/**
 * A base disk in this cache, with how it is kept.
 *
 * @param storedBytes what its file takes on the host's disk
 */
public record Replica(Base base, Layout layout, ReplicaState state, long storedBytes) {}
