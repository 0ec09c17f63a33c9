package dev.ratoon.cache;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Writes a base that stands on too many others as one flat file beside its delta, so that the next
 * version can be a delta again. Nobody waits for it, so it takes one thread, leaves room for what is
 * wanted at once, and what goes wrong is tried again at the next occasion.
 */
final class Flattening {
  private final CacheFolder folder;
  private final Import.Publisher publisher;

  Flattening(CacheFolder folder, Import.Publisher publisher) {
    this.folder = folder;
    this.publisher = publisher;
  }

  void run(CachedBase delta) {
    Path part = folder.newIncoming("flat");
    try (VirtualDisk source = delta.open()) {
      delta.verified();
      Manifest manifest = Manifest.read(folder.manifest(delta.base().id()));
      // As much again stays free for bases that arrive meanwhile.
      long needed = 2 * manifest.dataChunks() * Manifest.CHUNK_BYTES;
      if (Files.getFileStore(folder.root()).getUsableSpace() < needed) {
        return;
      }
      var written = SparseCopy.copy(source, part, Durability.SYNCED, 1, Progress.NONE);
      try (VirtualDisk copy = VirtualDisks.open(part, DiskFormat.RAW, OpenRules.chain(1))) {
        Manifest found = Manifests.ofCopy(copy, written, 1, Progress.NONE);
        if (found.id().equals(delta.base().id())) {
          boolean _ =
              publisher.publish(new VerifiedFile(found, Layout.FLAT, part, Optional.empty()));
        }
      }
    } catch (RatoonException | IOException tryAgainLater) {
      // the base goes on as a delta
    } finally {
      remove(part);
    }
  }

  private static void remove(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException leftToTheNextSweep) {
      // it lies where leftovers are swept
    }
  }
}
