package dev.ratoon.cache.arrival;

import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;

/**
 * A base in the same cache, of which blocks can be taken.
 *
 * @param content a raw file
 */
record Relative(DiskId id, Path content, BlockFingerprints fingerprints) {}
