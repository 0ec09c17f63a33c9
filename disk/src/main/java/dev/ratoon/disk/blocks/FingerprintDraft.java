package dev.ratoon.disk.blocks;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Gathers a disk's fingerprints, in any order and from any number of threads, in a sparse file that
 * has eight bytes for each block, at the block's place. Nothing is kept on the heap. A chunk that
 * was never put is one of which nothing is known.
 */
public final class FingerprintDraft implements Closeable {
  private final Path path;
  private final RandomAccessFile file;
  private final long size;

  private FingerprintDraft(Path path, RandomAccessFile file, long size) {
    this.path = path;
    this.file = file;
    this.size = size;
  }

  /**
   * Opens the draft at {@code path}, with all that was put before, or makes it.
   *
   * @param size bytes of the disk
   * @throws RatoonException {@code FILE_UNWRITABLE}, {@code DISK_FULL}
   */
  public static FingerprintDraft open(Path path, long size) {
    if (size < 1 || size > Limits.MAX_DISK_BYTES) {
      throw new IllegalArgumentException("a disk of " + size + " bytes");
    }
    try {
      RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
      try {
        file.setLength(Blocks.count(size) * Long.BYTES);
        return new FingerprintDraft(path, file, size);
      } catch (IOException | RuntimeException | Error e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /**
   * Computes the fingerprints of a raw file into a new file.
   *
   * @param manifest what is known to be in it
   * @param scratch a name for the draft, which is gone afterwards
   * @throws RatoonException what reading and writing throws; neither file is there then
   */
  public static void compute(
      Path raw, Manifest manifest, int parallelism, Path scratch, Path target) {
    try (VirtualDisk disk = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1))) {
      compute(disk, manifest, parallelism, scratch, target);
    }
  }

  /** The same of any disk. */
  public static void compute(
      VirtualDisk disk, Manifest manifest, int parallelism, Path scratch, Path target) {
    try (FingerprintDraft draft = open(scratch, manifest.size())) {
      DiskScan.run(disk, parallelism, Limits.CHUNK_BYTES, Progress.NONE, draft::visitor);
      draft.finish(manifest, target);
    } finally {
      delete(scratch);
    }
  }

  /**
   * Computes the fingerprints of a child: of what it has in common with its parent the parent's are
   * taken, and only the rest is read.
   *
   * @param parent the parent's manifest, and its fingerprints
   * @param scratch a name for the draft, which is gone afterwards
   * @throws RatoonException what reading and writing throws; neither file is there then
   */
  public static void computeOfChild(
      VirtualDisk child,
      Manifest manifest,
      Manifest parent,
      BlockFingerprints known,
      Path scratch,
      Path target) {
    try (FingerprintDraft draft = open(scratch, manifest.size())) {
      ByteBuffer prints = ByteBuffer.allocate(Blocks.IN_CHUNK * Long.BYTES);
      for (long chunk = manifest.nextData(0);
          chunk < manifest.chunks();
          chunk = manifest.nextData(chunk + 1)) {
        boolean inherited =
            chunk < parent.chunks()
                && manifest.chunkBytes(chunk) == parent.chunkBytes(chunk)
                && parent.matches(chunk, manifest.sha256(chunk));
        if (inherited) {
          draft.inherit(chunk, known, prints);
        } else {
          ByteBuffer content = ByteBuffer.allocate(manifest.chunkBytes(chunk));
          child.read(chunk * Limits.CHUNK_BYTES, content);
          draft.put(chunk * Limits.CHUNK_BYTES, MemorySegment.ofBuffer(content.flip()), prints);
        }
      }
      draft.finish(manifest, target);
    } finally {
      delete(scratch);
    }
  }

  private void inherit(long chunk, BlockFingerprints known, ByteBuffer prints) {
    prints.clear();
    long first = chunk * Blocks.IN_CHUNK;
    long last = Math.min(first + Blocks.IN_CHUNK, Blocks.count(size));
    for (long block = first; block < last; block++) {
      prints.putLong(known.of(block));
    }
    write(chunk * Limits.CHUNK_BYTES, prints.flip());
  }

  /** Puts the fingerprints of all that one thread sees. */
  public DiskScan.Visitor visitor() {
    ByteBuffer prints =
        ByteBuffer.allocateDirect(DiskScan.MAX_PIECE_BYTES / Blocks.BLOCK_BYTES * Long.BYTES);
    return (offset, content) -> put(offset, MemorySegment.ofBuffer(content), prints);
  }

  /**
   * Puts the fingerprints of a chunk.
   *
   * @param content its bytes, all of them
   */
  public void put(long chunk, MemorySegment content) {
    put(chunk * Limits.CHUNK_BYTES, content, ByteBuffer.allocate(Blocks.IN_CHUNK * Long.BYTES));
  }

  private void put(long offset, MemorySegment content, ByteBuffer prints) {
    prints.clear();
    for (long at = 0; at < content.byteSize(); at += Blocks.BLOCK_BYTES) {
      int length = (int) Math.min(Blocks.BLOCK_BYTES, content.byteSize() - at);
      prints.putLong(Blocks.fingerprint(content, at, length));
    }
    write(offset, prints.flip());
  }

  private void write(long offset, ByteBuffer prints) {
    long place = offset / Blocks.BLOCK_BYTES * Long.BYTES;
    try {
      while (prints.hasRemaining()) {
        place += file.getChannel().write(prints, place);
      }
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /** Makes what was put survive a power loss. */
  public void force() {
    try {
      file.getChannel().force(false);
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /**
   * Writes the fingerprints of the chunks that {@code manifest} says are not zero, and their table,
   * to a new file, synced.
   *
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}; the file is not there then
   */
  public void finish(Manifest manifest, Path target) {
    if (manifest.size() != size) {
      throw new IllegalArgumentException("a manifest of another disk");
    }
    DiskId id = manifest.id();
    try {
      new FingerprintWriter(file.getChannel(), manifest).write(target, id);
    } catch (IOException e) {
      delete(target);
      throw Faults.unwritable(target, e);
    } catch (RuntimeException | Error e) {
      delete(target);
      throw e;
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException leftToTheNextSweep) {
      // it lies where leftovers are swept
    }
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }
}
