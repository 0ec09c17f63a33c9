package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import java.util.function.Supplier;

/**
 * A base in the same cache, of which blocks can be taken.
 *
 * @param opener opens its content
 */
record Relative(Base base, BlockFingerprints fingerprints, Supplier<VirtualDisk> opener) {}
