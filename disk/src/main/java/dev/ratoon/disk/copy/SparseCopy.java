package dev.ratoon.disk.copy;

import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.ChunkChecksums;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Copies a disk of any format into a sparse raw file: what is zero becomes a hole. Several threads
 * read, unpack and write different places of the file at once.
 */
public final class SparseCopy {
  /** Zeros are left out in steps of this: smaller holes cost more in extents than they save. */
  private static final int HOLE_BYTES = 16 << 10;

  private final FileChannel target;
  private final Path file;
  private final ChunkChecksums checksums;

  private SparseCopy(FileChannel target, Path file, long size) {
    this.target = target;
    this.file = file;
    this.checksums = new ChunkChecksums(size);
  }

  /**
   * Writes {@code source} to {@code target}, which must not exist yet. On failure nothing is left
   * of it.
   *
   * @param parallelism threads, 1 to 64
   * @param durability whether the file is synced; its folder is not, as it is yet to be published
   * @return what was read, for {@link Manifests#ofCopy}
   * @throws RatoonException {@code NAME_TAKEN}, {@code DISK_FULL}, {@code FILE_UNWRITABLE}, {@code
   *     INTERRUPTED}, and what reading the source throws
   */
  public static ChunkChecksums copy(
      VirtualDisk source, Path target, Durability durability, int parallelism, Progress progress) {
    try {
      Files.createFile(target);
    } catch (IOException e) {
      throw Faults.unwritable(target, e);
    }
    // Only RandomAccessFile can make a file longer without writing to it.
    try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
      file.setLength(source.size());
      SparseCopy copy = new SparseCopy(file.getChannel(), target, source.size());
      DiskScan.run(source, parallelism, Limits.CHUNK_BYTES, progress, copy::newVisitor);
      if (durability == Durability.SYNCED) {
        file.getChannel().force(true);
      }
      return copy.checksums;
    } catch (IOException e) {
      remove(target, e);
      throw Faults.unwritable(target, e);
    } catch (RuntimeException | Error e) {
      remove(target, e);
      throw e;
    }
  }

  private DiskScan.Visitor newVisitor() {
    CRC32C crc = new CRC32C();
    return (offset, content) -> {
      sum(offset, content, crc);
      DataRuns.of(content, HOLE_BYTES, (at, run) -> put(offset + at, run));
    };
  }

  private void sum(long offset, ByteBuffer content, CRC32C crc) {
    int end = content.limit();
    for (int at = 0; at < end; at += Manifest.CHUNK_BYTES) {
      crc.reset();
      crc.update(content.limit(Math.min(end, at + Manifest.CHUNK_BYTES)).position(at));
      checksums.put((offset + at) / Manifest.CHUNK_BYTES, (int) crc.getValue());
    }
    content.limit(end).position(0);
  }

  private void put(long offset, ByteBuffer bytes) {
    try {
      long at = offset;
      while (bytes.hasRemaining()) {
        at += target.write(bytes, at);
      }
    } catch (IOException e) {
      throw Faults.unwritable(file, e);
    }
  }

  private static void remove(Path target, Throwable reason) {
    try {
      Files.deleteIfExists(target);
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }
}
