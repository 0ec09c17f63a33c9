package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ImageRef;
import java.util.Optional;

/**
 * A disk of a VM.
 *
 * @param image the image it was made from
 * @param sizeBytes what the guest sees
 * @param storedBytes what its own file takes
 * @param copiedBytes how much of the base was copied to make it: 0 for a child
 */
public record DiskView(
    Optional<ImageRef> image,
    Optional<DiskId> base,
    boolean differencing,
    long sizeBytes,
    long storedBytes,
    long copiedBytes,
    Optional<String> path,
    Optional<String> basePath,
    boolean suspect) {}
