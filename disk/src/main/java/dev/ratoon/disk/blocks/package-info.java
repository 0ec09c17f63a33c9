/**
 * Fingerprints of 4 KiB blocks: which of them two base disks share, wherever they lie. Begin with
 * {@link dev.ratoon.disk.blocks.BlockFingerprints}.
 */
@NullMarked
package dev.ratoon.disk.blocks;

import org.jspecify.annotations.NullMarked;
