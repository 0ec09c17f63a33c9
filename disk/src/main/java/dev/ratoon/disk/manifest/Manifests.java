package dev.ratoon.disk.manifest;

import dev.ratoon.disk.ChunkSet;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.scan.DiskScan;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/**
 * Computes manifests. Holes and zero extents are not read; the rest is read by several threads,
 * each hashing what it read, which two cores do nearly twice as fast as one.
 */
public final class Manifests {
  private Manifests() {}

  /**
   * The manifest of {@code disk}.
   *
   * @param parallelism threads, 1 to 64; more than cores brings nothing
   * @throws RatoonException what reading the disk throws; {@code INTERRUPTED}
   */
  public static Manifest of(VirtualDisk disk, int parallelism, Progress progress) {
    ManifestBuilder builder = new ManifestBuilder(disk.size());
    DiskScan.run(disk, parallelism, Manifest.CHUNK_BYTES, progress, () -> new ChunkHasher(builder));
    return builder.build();
  }

  /**
   * The manifest of {@code now}, of which only what has changed is read.
   *
   * @param before what the disk was
   * @param changed every chunk that may read otherwise now
   * @throws RatoonException {@code INVALID_VALUE} if the size is not what it was; what reading the
   *     disk throws; {@code INTERRUPTED}
   */
  public static Manifest update(
      Manifest before, VirtualDisk now, ChunkSet changed, int parallelism, Progress progress) {
    if (before.size() != now.size() || before.chunks() != changed.chunks()) {
      throw Problem.of(
              ErrorCode.INVALID_VALUE, "following the changes of '" + now.files().getFirst() + "'")
          .detail("It has " + now.size() + " bytes; it had " + before.size() + ".")
          .next("Compute its manifest anew.")
          .asException();
    }
    ManifestBuilder builder = new ManifestBuilder(before);
    for (long chunk = changed.next(0); chunk < before.chunks(); chunk = changed.next(chunk + 1)) {
      builder.putZero(chunk);
    }
    return follow(builder, now, changed, parallelism, progress);
  }

  /** Adds to what {@code known} says of all other chunks what those in {@code changed} are. */
  private static Manifest follow(
      ManifestBuilder known,
      VirtualDisk disk,
      ChunkSet changed,
      int parallelism,
      Progress progress) {
    DiskScan.run(
        new ChangedDisk(disk, changed),
        parallelism,
        Manifest.CHUNK_BYTES,
        progress,
        () -> new ChunkHasher(known));
    return known.build();
  }

  /**
   * The manifest of {@code child}, a differencing disk on the disk that {@code parent} describes:
   * only the chunks that the child's own file speaks of are read.
   *
   * @throws RatoonException what reading the disk throws; {@code INTERRUPTED}
   */
  public static Manifest ofChild(
      VirtualDisk child, Manifest parent, int parallelism, Progress progress) {
    ChunkSet own = new ChunkSet(child.size());
    for (long at = 0; at < child.size(); ) {
      Extent extent = child.top().extentAt(at, child.size());
      if (extent.kind() != Extent.Kind.HOLE) {
        own.addRange(at, extent.length());
      }
      at = extent.end();
    }
    if (parent.size() != child.size()) {
      // The last chunk of the shorter one is not as long in the other.
      own.addRange(Math.min(parent.size(), child.size()) - 1, 1);
    }
    ManifestBuilder inherited = new ManifestBuilder(child.size());
    long common = Math.min(parent.chunks(), own.chunks());
    for (long chunk = parent.nextData(0); chunk < common; chunk = parent.nextData(chunk + 1)) {
      if (!own.contains(chunk)) {
        inherited.put(chunk, parent.sha256(chunk));
      }
    }
    return follow(inherited, child, own, parallelism, progress);
  }

  /**
   * The manifest of {@code copy}, after finding it equal to what was read when it was made.
   *
   * @param written what {@link SparseCopy} returned
   * @throws RatoonException {@code BASE_ALTERED} if the copy differs; what reading throws
   */
  public static Manifest ofCopy(
      VirtualDisk copy, ChunkChecksums written, int parallelism, Progress progress) {
    return ofCopy(copy, written, parallelism, progress, () -> (_, _) -> {});
  }

  /**
   * The same, shown in passing to others who have to see all of it.
   *
   * @param others makes a visitor for each thread; it must leave position and limit as they are
   */
  public static Manifest ofCopy(
      VirtualDisk copy,
      ChunkChecksums written,
      int parallelism,
      Progress progress,
      Supplier<? extends DiskScan.Visitor> others) {
    Path file = copy.files().getFirst();
    if (copy.size() != written.size()) {
      throw altered(file, "It has " + copy.size() + " bytes instead of " + written.size() + ".");
    }
    ManifestBuilder builder = new ManifestBuilder(copy.size());
    DiskScan.run(
        copy,
        parallelism,
        Manifest.CHUNK_BYTES,
        progress,
        () -> {
          ChunkHasher hasher = new ChunkHasher(builder);
          CRC32C crc = new CRC32C();
          DiskScan.Visitor other = others.get();
          return (offset, content) -> {
            compare(written, offset, content, crc, file);
            hasher.visit(offset, content);
            other.visit(offset, content);
          };
        });
    Manifest manifest = builder.build();
    compareZeros(manifest, written, file);
    return manifest;
  }

  private static void compare(
      ChunkChecksums written, long offset, ByteBuffer content, CRC32C crc, Path file) {
    int end = content.limit();
    for (int at = 0; at < end; at += Manifest.CHUNK_BYTES) {
      long chunk = (offset + at) / Manifest.CHUNK_BYTES;
      crc.reset();
      crc.update(content.limit(Math.min(end, at + Manifest.CHUNK_BYTES)).position(at));
      if (!written.matches(chunk, (int) crc.getValue())) {
        throw altered(file, chunk);
      }
    }
    content.limit(end).position(0);
  }

  /** Chunks that became holes were never read back, so nobody compared them yet. */
  private static void compareZeros(Manifest manifest, ChunkChecksums written, Path file) {
    for (long chunk = 0; chunk < manifest.chunks(); ) {
      if (written.pageIsZero(chunk)) {
        chunk = (chunk / Manifest.CHUNKS_PER_PAGE + 1) * Manifest.CHUNKS_PER_PAGE;
      } else {
        if (manifest.isZero(chunk) && !written.matchesZeros(chunk)) {
          throw altered(file, chunk);
        }
        chunk++;
      }
    }
  }

  private static RatoonException altered(Path file, long chunk) {
    return altered(file, "The chunk at byte " + chunk * Manifest.CHUNK_BYTES + " differs.");
  }

  private static RatoonException altered(Path file, String why) {
    return Problem.of(ErrorCode.BASE_ALTERED, "reading back the copy '" + file + "'")
        .detail(why + " What was written is not what is read back.")
        .next("Check the memory and the disk of this host, then try again.")
        .asException();
  }
}
