package dev.ratoon.server.library;

import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Replica;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.model.DiskId;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.PlacementTable.Kin;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reckons once for each pair of base disks in the library how much of one is missing where the
 * other is, for placement. Fingerprints of 4 KiB blocks are compared, wherever the blocks lie. Of a
 * large base a part of them is: those whose value is a multiple of something, so that the same ones
 * are looked for in all others. A hundred thousand tell the share to a fraction of a percent.
 */
public final class Kinship implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Kinship.class);
  private static final int ENOUGH_BLOCKS = 1 << 17;
  private static final int MOST_RELATIVES = 512;

  /** Who shares less is no relative. */
  private static final double LEAST_SHARED = 0.02;

  private final Database database;
  private final Cache cache;
  private final ExecutorService reckoning =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("kinship").daemon().factory());

  public Kinship(Database database, Cache cache) {
    this.database = database;
    this.cache = cache;
  }

  /** Reckons, in the background, what was not reckoned yet: bases that are new, or of before. */
  public void catchUp() {
    try {
      reckoning.execute(this::tryAll);
    } catch (RejectedExecutionException closing) {
      LOG.atDebug().log("what base disks share is reckoned at the next start");
    }
  }

  private void tryAll() {
    try {
      reckonAll();
    } catch (RuntimeException tryAgainLater) {
      LOG.atWarn().setCause(tryAgainLater).log("what base disks share was not reckoned");
    }
  }

  void reckonAll() {
    List<DiskId> bases =
        cache.replicas().stream().map(Replica::base).map(base -> base.id()).distinct().toList();
    Set<DiskId> known = database.read(tx -> tx.placement().reckoned());
    for (DiskId base : bases) {
      if (!known.contains(base) && !Thread.currentThread().isInterrupted()) {
        reckon(base, bases);
      }
    }
  }

  private void reckon(DiskId base, List<DiskId> bases) {
    Optional<BlockFingerprints> own = cache.fingerprints(base);
    if (own.isEmpty()) {
      return;
    }
    List<Kin> pairs = new ArrayList<>();
    // Of itself a base lacks nothing; that this is written says that it was compared with others.
    pairs.add(new Kin(base, base, 0));
    for (DiskId other : bases) {
      if (!other.equals(base) && pairs.size() < 2 * MOST_RELATIVES) {
        cache
            .fingerprints(other)
            .ifPresent(relative -> {
              missing(own.get(), relative).ifPresent(m -> pairs.add(new Kin(base, other, m)));
              missing(relative, own.get()).ifPresent(m -> pairs.add(new Kin(other, base, m)));
            });
      }
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
    }
    database.change(tx -> tx.placement().add(pairs));
  }

  /** Bytes of a base that another one does not have; empty if it has nothing worth speaking of. */
  static Optional<Long> missing(BlockFingerprints base, BlockFingerprints relative) {
    long each = Math.max(1, base.fingerprints() / ENOUGH_BLOCKS);
    long looked = 0;
    long found = 0;
    for (long place = 0; place < base.fingerprints(); place++) {
      long fingerprint = base.fingerprint(place);
      if (Long.remainderUnsigned(fingerprint, each) == 0) {
        looked++;
        found += relative.find(fingerprint).isPresent() ? 1 : 0;
      }
    }
    if (looked == 0 || found < looked * LEAST_SHARED) {
      return Optional.empty();
    }
    double missing = 1 - (double) found / looked;
    return Optional.of((long) (missing * base.fingerprints() * Blocks.BLOCK_BYTES));
  }

  @Override
  public void close() {
    reckoning.shutdownNow();
    try {
      // The cache's mapped files must not be looked at after it is closed.
      boolean _ = reckoning.awaitTermination(1, TimeUnit.MINUTES);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
