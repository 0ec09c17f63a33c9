package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ReplicaState;

/**
 * A base on a share, as one host sees it.
 *
 * @param storedBytes what it takes there, as far as the server tells
 * @param percent how much of it is there; less than 100 only while this host is putting it there
 */
public record SharedBase(
    DiskId id, ReplicaState state, long sizeBytes, long storedBytes, int percent) {}
