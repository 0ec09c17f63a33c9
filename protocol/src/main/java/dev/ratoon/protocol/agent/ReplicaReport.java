package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;

/**
 * One base disk in a host's cache.
 *
 * @param sizeBytes what a guest would see
 * @param storedBytes what its file takes on the host's disk
 */
public record ReplicaReport(
    DiskId diskId,
    Layout layout,
    ReplicaState state,
    String path,
    long sizeBytes,
    long storedBytes) {}
