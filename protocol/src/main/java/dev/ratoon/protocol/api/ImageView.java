package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import java.time.Instant;
import java.util.List;

/**
 * An image: a name for a base disk, with defaults for its VMs.
 *
 * @param sizeBytes what a guest sees
 * @param storedBytes what the base disk takes in the cache
 * @param sourceFormat what it was imported from, for example {@code qcow2}
 * @param usedBy names of the VMs that stand on its base disk, those in the trash included
 */
public record ImageView(
    ImageRef image,
    DiskId diskId,
    long sizeBytes,
    long storedBytes,
    String sourceFormat,
    Firmware firmware,
    long minimumMemoryBytes,
    boolean differencing,
    Instant createdAt,
    List<String> usedBy) {}
