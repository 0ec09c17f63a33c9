package dev.ratoon.cache;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.Layout;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file that holds what its manifest says, verified and synced, on its way to its name.
 *
 * @param blocks the synced fingerprints of its blocks, if they are known
 */
record VerifiedFile(Manifest manifest, Layout layout, Path path, Optional<Path> blocks) {}
