package dev.ratoon.cache;

import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The fingerprints of a cache's bases, each mapped when it is first asked for. They can be lost at
 * any time, so nothing that goes wrong with them is an error.
 */
final class KnownBlocks implements AutoCloseable {
  private final CacheFolder folder;
  private final Map<DiskId, BlockFingerprints> mapped = new HashMap<>();
  private boolean closed;

  KnownBlocks(CacheFolder folder) {
    this.folder = folder;
  }

  /** The fingerprints of this base, if they were computed. */
  synchronized Optional<BlockFingerprints> of(DiskId id) {
    if (closed || !Files.exists(folder.blocks(id))) {
      return Optional.empty();
    }
    BlockFingerprints known = mapped.get(id);
    return known == null ? open(id) : Optional.of(known);
  }

  /** The base is gone. What is mapped of it may be in use still, and goes with the cache. */
  synchronized void forget(DiskId id) {
    discard(folder.blocks(id));
  }

  private Optional<BlockFingerprints> open(DiskId id) {
    try {
      BlockFingerprints opened = BlockFingerprints.open(folder.blocks(id));
      if (opened.id().equals(id)) {
        mapped.put(id, opened);
        return Optional.of(opened);
      }
      opened.close();
    } catch (RatoonException damaged) {
      // computed anew below
    }
    discard(folder.blocks(id));
    return Optional.empty();
  }

  /**
   * Computes what is missing, on one thread: nobody waits for it.
   *
   * @param opener opens the base's content
   */
  void computeIfMissing(Base base, Supplier<VirtualDisk> opener) {
    if (of(base.id()).isPresent()) {
      return;
    }
    Path fresh = folder.newIncoming("blocks");
    try (VirtualDisk disk = opener.get()) {
      Manifest manifest = Manifest.read(folder.manifest(base.id()));
      if (manifest.id().equals(base.id())) {
        FingerprintDraft.compute(disk, manifest, 1, folder.newIncoming("prints"), fresh);
        CachedBase.protect(fresh);
        Files.move(fresh, folder.blocks(base.id()), StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (RatoonException | IOException tryAgainLater) {
      discard(fresh);
    }
  }

  private static void discard(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException leftToTheNextSweep) {
      // it does no harm
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    mapped.values().forEach(BlockFingerprints::close);
    mapped.clear();
  }
}
