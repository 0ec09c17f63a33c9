package dev.ratoon.cache;

import static dev.ratoon.cache.ImportProgress.ImportStep.PUBLISH;
import static dev.ratoon.cache.ImportProgress.ImportStep.READ;
import static dev.ratoon.cache.ImportProgress.ImportStep.VERIFY;

import dev.ratoon.cache.ImportProgress.ImportStep;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.ChunkChecksums;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One import: read and write sparse raw, then sync while what was written is read back, compared
 * with what was read, and hashed; the disk id is thus computed once, from what lies in the file.
 * Then publish.
 */
final class Import {
  /** A host whose disk is full to the last byte cannot even say so. */
  private static final long LEFT_FREE = 64 * ByteSize.MIB;

  /** What a manifest and its checksums keep together: 1,024 chunks. */
  private static final long PAGE_BYTES = 1024L * Manifest.CHUNK_BYTES;

  /** A digest and a checksum for each of 1,024 chunks, and what holds them together. */
  private static final long HEAP_FOR_A_PAGE = 40 * ByteSize.KIB;

  private final CacheFolder folder;
  private final int parallelism;
  private final ImportProgress progress;

  /** Gives a verified file the name of its content; true if the cache had that content before. */
  interface Publisher {
    boolean publish(VerifiedFile verified) throws IOException;
  }

  Import(CacheFolder folder, int parallelism, ImportProgress progress) {
    this.folder = folder;
    this.parallelism = parallelism;
    this.progress = progress;
  }

  Imported run(VirtualDisk source, Publisher publisher) {
    Path part = folder.newIncoming("part");
    Path draft = folder.newIncoming("prints");
    Path blocks = folder.newIncoming("blocks");
    try (FingerprintDraft prints = FingerprintDraft.open(draft, source.size())) {
      requireRoom(source);
      ChunkChecksums written =
          SparseCopy.copy(
              source, part, Durability.BUFFERED, parallelism, counting(READ, source.size()));
      CompletableFuture<Void> synced = syncInBackground(part);
      Manifest manifest;
      try (VirtualDisk copy = VirtualDisks.open(part, DiskFormat.RAW, OpenRules.chain(1))) {
        manifest =
            Manifests.ofCopy(
                copy, written, parallelism, counting(VERIFY, source.size()), prints::visitor);
        prints.finish(manifest, blocks);
      } finally {
        await(synced, part);
      }
      progress.at(PUBLISH, 0, 1);
      long storedBytes = StoredBytes.of(part);
      boolean alreadyThere =
          publisher.publish(new VerifiedFile(manifest, Layout.FLAT, part, Optional.of(blocks)));
      progress.at(PUBLISH, 1, 1);
      return new Imported(
          manifest.id(), source.size(), storedBytes, source.format().word(), alreadyThere);
    } catch (IOException failed) {
      throw Faults.unwritable(part, failed);
    } finally {
      remove(part);
      remove(draft);
      remove(blocks);
    }
  }

  /**
   * The same problem, in the words of the user who knows his file by another name than the cache.
   */
  static RatoonException named(RatoonException failed, Path path, String fileName) {
    Problem problem = failed.problem();
    String internal = path.toString();
    return new RatoonException(
        new Problem(
            problem.code(),
            problem.doing().replace(internal, fileName),
            problem.detail().replace(internal, fileName),
            problem.next()),
        failed);
  }

  /** Refuses what neither the disk nor the heap can hold, before anything is read or written. */
  private void requireRoom(VirtualDisk source) throws IOException {
    long needed = 0;
    long pages = 0;
    long lastPage = -1;
    for (long at = 0; at < source.size(); ) {
      Extent extent = source.extentAt(at);
      if (extent.kind() == Extent.Kind.DATA) {
        needed += extent.length();
        long first = Math.max(extent.offset() / PAGE_BYTES, lastPage + 1);
        lastPage = (extent.end() - 1) / PAGE_BYTES;
        pages += Math.max(0, lastPage - first + 1);
      }
      at = extent.end();
    }
    long free = Files.getFileStore(folder.root()).getUsableSpace();
    if (needed > free - LEFT_FREE) {
      throw Problem.of(ErrorCode.DISK_FULL, "making room for a base disk in " + folder.root())
          .detail(
              "It holds up to %s, and %s are free."
                  .formatted(ByteSize.show(needed), ByteSize.show(Math.max(0, free))))
          .next("Make room on that file system, or move Ratoon's home to a larger one.")
          .asException();
    }
    if (pages * HEAP_FOR_A_PAGE > Runtime.getRuntime().maxMemory() / 2) {
      throw Problem.of(ErrorCode.TOO_LARGE, "reading a disk with up to " + ByteSize.show(needed))
          .detail("Its manifest would not fit into the memory that Ratoon was started with.")
          .next("Start Ratoon with more, for example: RATOON_HEAP=4g ratoon up")
          .asException();
    }
  }

  private Progress counting(ImportStep step, long total) {
    AtomicLong done = new AtomicLong();
    progress.at(step, 0, total);
    return bytes -> progress.at(step, done.addAndGet(bytes), total);
  }

  private static CompletableFuture<Void> syncInBackground(Path file) {
    return CompletableFuture.runAsync(
        () -> {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
          } catch (IOException failed) {
            throw new UncheckedIOException(failed);
          }
        },
        task -> Thread.ofPlatform().name("import-sync").daemon().start(task));
  }

  private static void await(CompletableFuture<Void> synced, Path file) throws IOException {
    try {
      synced.join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof UncheckedIOException io) {
        throw new IOException("syncing " + file + ": " + io.getMessage(), io);
      }
      throw failed;
    }
  }

  private static void remove(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException leftToTheNextStart) {
      // the sweep at the next start removes it
    }
  }
}
