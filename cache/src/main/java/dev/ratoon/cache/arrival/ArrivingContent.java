package dev.ratoon.cache.arrival;

import dev.ratoon.cache.IncomingBase;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * What has come of a base, on disk: the content, the fingerprints of its blocks, and the journal
 * that says what of it need not be looked at again. Only verified chunks are written. Any thread
 * may write and read; {@link #checkpoint} and {@link #finish} are for one at a time.
 */
final class ArrivingContent implements Closeable {
  private final IncomingBase incoming;
  private final Manifest manifest;
  private final ContentFile file;
  private final FingerprintDraft prints;
  private final Journal journal;
  private final Bits verified;

  private ArrivingContent(IncomingBase incoming, Manifest manifest, ContentFile file) {
    this.incoming = incoming;
    this.manifest = manifest;
    this.file = file;
    this.prints = FingerprintDraft.open(incoming.prints(), manifest.size());
    this.journal = new Journal(incoming.journal(), incoming.id(), manifest.chunks());
    this.verified = new Bits(manifest.chunks());
  }

  /**
   * Takes over {@code file}, and looks at what has come before and the journal does not vouch for.
   *
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}, {@code FILE_UNREADABLE}
   */
  static ArrivingContent open(IncomingBase incoming, Manifest manifest, ContentFile file) {
    try {
      ArrivingContent content = new ArrivingContent(incoming, manifest, file);
      if (file.isResumed()) {
        content.resume();
      }
      return content;
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private void resume() {
    Bits known = journal.read();
    for (long c = known.next(0); c < manifest.chunks(); c = known.next(c + 1)) {
      if (!manifest.isZero(c)) {
        verified.set(c);
      }
    }
    ByteBuffer buffer = ByteBuffer.allocate(Limits.CHUNK_BYTES);
    file.eachStored(extent -> lookAt(extent, buffer));
  }

  private void lookAt(Extent extent, ByteBuffer buffer) {
    long end = (extent.end() - 1) / Limits.CHUNK_BYTES;
    for (long chunk = extent.offset() / Limits.CHUNK_BYTES; chunk <= end; chunk++) {
      if (!verified.get(chunk)) {
        buffer.clear().limit(manifest.chunkBytes(chunk));
        readAll(chunk, buffer);
        buffer.flip();
        byte[] digest = digest(buffer);
        if (manifest.matches(chunk, digest)) {
          prints.put(chunk, MemorySegment.ofBuffer(buffer));
          verified.set(chunk);
        } else if (!Zeros.all(MemorySegment.ofBuffer(buffer), 0, buffer.limit())) {
          file.reject(chunk, buffer.limit());
        }
      }
    }
  }

  /** At most how many bytes of the file system what is still to come will take. */
  long missingBytes(Optional<Plan> plan) {
    long missing = manifest.dataChunks() - verified().count();
    long spared = plan.map(file::sparedBlocks).orElse(0L) * Blocks.BLOCK_BYTES;
    // What is spared lies, for all we know, among what has come as among what has not.
    return missing * Limits.CHUNK_BYTES - spared / Math.max(1, manifest.dataChunks()) * missing;
  }

  Layout layout() {
    return file.layout();
  }

  static byte[] digest(ByteBuffer content) {
    var sha256 = Digests.sha256();
    sha256.update(content.duplicate());
    return sha256.digest();
  }

  /** The chunks that are there. */
  synchronized Bits verified() {
    return verified.copy();
  }

  synchronized boolean isVerified(long chunk) {
    return verified.get(chunk);
  }

  /**
   * Writes a chunk that was verified.
   *
   * @param content all of it, from 0 to its limit
   * @param local which of its blocks were taken from relatives, by the plan
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}
   */
  void write(long chunk, ByteBuffer content, int local) {
    file.write(chunk, content, local);
    prints.put(chunk, MemorySegment.ofBuffer(content));
    synchronized (this) {
      verified.set(chunk);
    }
  }

  /**
   * Fills {@code target} with a chunk that is there.
   *
   * @throws RatoonException {@code FILE_UNREADABLE}
   */
  void readAll(long chunk, ByteBuffer target) {
    file.read(chunk * Limits.CHUNK_BYTES, target);
  }

  /** Makes what has come until now survive a power loss, and need no second look. */
  void checkpoint() {
    Bits come = verified();
    prints.force();
    try {
      file.force();
      journal.write(come);
    } catch (IOException e) {
      throw Faults.unwritable(incoming.journal(), e);
    }
  }

  /**
   * Syncs the content when all of it is there, and meanwhile writes the fingerprints.
   *
   * @param parallelism threads that read it back, where it was not all written by us
   * @return whether there are fingerprints; without them the next arrivals share less
   * @throws RatoonException {@code BASE_ALTERED} if a base that it shares with changed meanwhile;
   *     then nothing of it is left
   */
  boolean finish(Executor executor, int parallelism) {
    CompletableFuture<Boolean> fingerprints =
        CompletableFuture.supplyAsync(this::writeFingerprints, executor);
    try {
      file.seal(manifest);
      if (file.mustBeReadBack()) {
        readBack(parallelism);
      }
    } finally {
      fingerprints.exceptionally(_ -> false).join();
    }
    try {
      return fingerprints.join();
    } catch (CompletionException neverMind) {
      return false;
    }
  }

  private void readBack(int parallelism) {
    DiskId found;
    try (VirtualDisk disk = file.open()) {
      found = Manifests.of(disk, parallelism, Progress.NONE).id();
    }
    if (!found.equals(manifest.id())) {
      incoming.discardContent();
      throw Problem.of(
              ErrorCode.BASE_ALTERED, "bringing base disk " + manifest.id().shortForm())
          .detail(
              "It shares blocks with other bases of the cache, and one of them changed meanwhile.")
          .next(
              "Look which base is suspect: ratoon base list. Then try again: it is brought without that one.")
          .asException();
    }
  }

  private boolean writeFingerprints() {
    try {
      prints.finish(manifest, incoming.blocks());
      return true;
    } catch (RatoonException neverMind) {
      return false;
    }
  }

  @Override
  public void close() {
    prints.close();
    file.close();
  }
}
