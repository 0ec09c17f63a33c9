package dev.ratoon.cache.arrival;

import dev.ratoon.cache.IncomingBase;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.WriteBehind;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.RatoonException;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * What has come of a base, on disk: the content, the fingerprints of its blocks, and the journal
 * that says what of it need not be looked at again. Only verified chunks are written. Any thread
 * may write and read; {@link #checkpoint} and {@link #finish} are for one at a time.
 */
final class ArrivingContent implements Closeable {
  /** Zeros are left out in steps of this, as in an import. */
  private static final int HOLE_BYTES = 16 << 10;

  private final IncomingBase incoming;
  private final Manifest manifest;
  private final RandomAccessFile file;
  private final WriteBehind writeBehind;
  private final FingerprintDraft prints;
  private final Journal journal;
  private final Bits verified;

  private ArrivingContent(IncomingBase incoming, Manifest manifest, RandomAccessFile file) {
    this.incoming = incoming;
    this.manifest = manifest;
    this.file = file;
    this.writeBehind = WriteBehind.of(incoming.content());
    this.prints = FingerprintDraft.open(incoming.prints(), manifest.size());
    this.journal = new Journal(incoming.journal(), incoming.id(), manifest.chunks());
    this.verified = new Bits(manifest.chunks());
  }

  /**
   * Opens what has come before, and looks at what the journal does not vouch for.
   *
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}, {@code FILE_UNREADABLE}
   */
  static ArrivingContent open(IncomingBase incoming, Manifest manifest) {
    try {
      RandomAccessFile file = new RandomAccessFile(incoming.content().toFile(), "rw");
      try {
        boolean resumed = file.length() == manifest.size();
        file.setLength(manifest.size());
        ArrivingContent content = new ArrivingContent(incoming, manifest, file);
        if (resumed) {
          content.resume();
        }
        return content;
      } catch (IOException | RuntimeException | Error e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw Faults.unwritable(incoming.content(), e);
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
    try (VirtualDisk disk =
        VirtualDisks.open(incoming.content(), DiskFormat.RAW, OpenRules.chain(1))) {
      for (long at = 0; at < disk.size(); ) {
        Extent extent = disk.extentAt(at);
        if (extent.kind() == Extent.Kind.DATA) {
          lookAt(extent, buffer);
        }
        at = extent.end();
      }
    }
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
          writeAll(chunk * Limits.CHUNK_BYTES, ByteBuffer.allocate(buffer.limit()));
        }
      }
    }
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
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}
   */
  void write(long chunk, ByteBuffer content) {
    MemorySegment bytes = MemorySegment.ofBuffer(content);
    int end = content.limit();
    for (int at = 0; at < end; ) {
      int start = at;
      while (at < end && !isHole(bytes, at, end)) {
        at += HOLE_BYTES;
      }
      if (at > start) {
        int length = Math.min(at, end) - start;
        writeAll(chunk * Limits.CHUNK_BYTES + start, content.slice(start, length));
      } else {
        at += HOLE_BYTES;
      }
    }
    writeBehind.wrote(end);
    prints.put(chunk, bytes);
    synchronized (this) {
      verified.set(chunk);
    }
  }

  private static boolean isHole(MemorySegment bytes, int at, int end) {
    return Zeros.all(bytes, at, Math.min(HOLE_BYTES, end - at));
  }

  /**
   * Fills {@code target} with a chunk that is there.
   *
   * @throws RatoonException {@code FILE_UNREADABLE}
   */
  void readAll(long chunk, ByteBuffer target) {
    long at = chunk * Limits.CHUNK_BYTES;
    try {
      while (target.hasRemaining()) {
        int count = channel().read(target, at);
        if (count < 0) {
          throw Faults.truncated(incoming.content(), "It became shorter while it was read.");
        }
        at += count;
      }
    } catch (IOException e) {
      throw Faults.unreadable(incoming.content(), e);
    }
  }

  private void writeAll(long offset, ByteBuffer bytes) {
    long at = offset;
    try {
      while (bytes.hasRemaining()) {
        at += channel().write(bytes, at);
      }
    } catch (IOException e) {
      throw Faults.unwritable(incoming.content(), e);
    }
  }

  private FileChannel channel() {
    return file.getChannel();
  }

  /** Makes what has come until now survive a power loss, and need no second look. */
  void checkpoint() {
    Bits come = verified();
    prints.force();
    try {
      channel().force(false);
      journal.write(come);
    } catch (IOException e) {
      throw Faults.unwritable(incoming.content(), e);
    }
  }

  /**
   * Syncs the content when all of it is there, and meanwhile writes the fingerprints.
   *
   * @return whether there are fingerprints; without them the next arrivals share less
   */
  boolean finish(Executor executor) {
    CompletableFuture<Boolean> fingerprints =
        CompletableFuture.supplyAsync(this::writeFingerprints, executor);
    try {
      channel().force(true);
    } catch (IOException e) {
      throw Faults.unwritable(incoming.content(), e);
    } finally {
      fingerprints.exceptionally(_ -> false).join();
    }
    try {
      return fingerprints.join();
    } catch (CompletionException neverMind) {
      return false;
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
    writeBehind.close();
    try {
      file.close();
    } catch (IOException e) {
      throw Faults.unwritable(incoming.content(), e);
    }
  }
}
