package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.Optional;

/**
 * One disk of a VM.
 *
 * @param base the base disk under it; empty for a new, empty disk
 * @param sizeBytes what the guest sees; at least the base's size
 * @param differencing whether it is a child of the base; otherwise it is a whole copy of it
 */
public record DesiredDisk(Optional<DiskId> base, long sizeBytes, boolean differencing) {}
