package dev.ratoon.cache;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.PageCache;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A full reading of a base's content, to find what no inode tells: bytes that rotted on the disk,
 * or were written past the file system. What the kernel has of the file in memory is not asked.
 *
 * @param manifest where the base's manifest is; it says where the content is wrong
 */
record Examination(DiskId id, Path manifest, int parallelism, Pace pace, CopyProgress progress) {
  /** What a disk answers that cannot give back what was written, or a file that was mangled. */
  private static final Set<ErrorCode> FLAWS =
      Set.of(
          ErrorCode.FILE_UNREADABLE,
          ErrorCode.NOT_AN_IMAGE,
          ErrorCode.IMAGE_CORRUPT,
          ErrorCode.IMAGE_TRUNCATED,
          ErrorCode.IMAGE_UNSUPPORTED);

  /** What is wrong with the content; empty if nothing is. */
  Optional<String> flaw(VirtualDisk disk) {
    disk.files().forEach(PageCache::forget);
    AtomicLong done = new AtomicLong();
    Progress counted = bytes -> progress.at(done.addAndGet(bytes), disk.size());
    int threads = pace.equals(Pace.ANY) ? parallelism : 1;
    try {
      Manifest found = Manifests.of(new Paced(disk, pace), threads, counted);
      return found.id().equals(id) ? Optional.empty() : Optional.of(difference(found));
    } catch (RatoonException failed) {
      return unreadable(failed);
    }
  }

  /** In words, if it is the content's fault that it could not be read. */
  static Optional<String> unreadable(RatoonException failed) {
    if (FLAWS.contains(failed.problem().code())) {
      return Optional.of("It cannot be read: " + failed.problem().detail());
    }
    throw failed;
  }

  /** That chunks are not what they should be. */
  static String wrong(long chunks, long first) {
    return "%s wrong, the first at byte %d."
        .formatted(
            chunks == 1 ? "One chunk of 64 KiB is" : chunks + " chunks of 64 KiB are",
            first * Manifest.CHUNK_BYTES);
  }

  private String difference(Manifest found) {
    String anotherId = "Its content now has the id " + found.id().shortForm() + ".";
    try {
      Manifest right = Manifest.read(manifest);
      if (!right.id().equals(id) || right.size() != found.size()) {
        return anotherId;
      }
      long wrong = 0;
      long first = -1;
      for (long chunk = 0; chunk < right.chunks(); chunk++) {
        boolean same =
            right.isZero(chunk)
                ? found.isZero(chunk)
                : !found.isZero(chunk) && found.matches(chunk, right.sha256(chunk));
        if (!same) {
          first = wrong == 0 ? chunk : first;
          wrong++;
        }
      }
      return wrong(wrong, first);
    } catch (RatoonException manifestIsDamagedToo) {
      return anotherId;
    }
  }

  /** A disk that is read no faster than that. */
  private record Paced(VirtualDisk disk, Pace pace) implements VirtualDisk {
    @Override
    public long size() {
      return disk.size();
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      pace.take(target.remaining());
      disk.read(offset, target);
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      return disk.extentAt(offset, limit);
    }

    @Override
    public List<Layer> layers() {
      return disk.layers();
    }

    @Override
    public void close() {}
  }
}
