package dev.ratoon.cache;

import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import java.time.Instant;
import java.util.Optional;

/**
 * A base disk in this cache, with how it is kept.
 *
 * @param storedBytes what its file takes on the host's disk, beside the bases that came before it
 *     and share blocks with it
 * @param verifiedAt when all of its content was last found to be what it should be
 */
public record Replica(
    Base base, Layout layout, ReplicaState state, long storedBytes, Optional<Instant> verifiedAt) {}
