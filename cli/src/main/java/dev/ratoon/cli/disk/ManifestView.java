package dev.ratoon.cli.disk;

import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a manifest says, without its digests.
 *
 * @param file where it was written to
 */
record ManifestView(
    DiskId diskId,
    long sizeBytes,
    int chunkBytes,
    long chunks,
    long dataChunks,
    long zeroChunks,
    Optional<String> file) {

  static ManifestView of(Manifest manifest, Optional<Path> file) {
    long data = manifest.dataChunks();
    return new ManifestView(
        manifest.id(),
        manifest.size(),
        Manifest.CHUNK_BYTES,
        manifest.chunks(),
        data,
        manifest.chunks() - data,
        file.map(Path::toString));
  }

  Details details() {
    return new Details(diskId.toString())
        .line("disk id", diskId)
        .line("size", ChainView.exact(sizeBytes))
        .line("chunks", chunks + " of " + Words.size(chunkBytes))
        .line("with data", dataChunks)
        .line("zero", zeroChunks)
        .line("manifest", file);
  }
}
