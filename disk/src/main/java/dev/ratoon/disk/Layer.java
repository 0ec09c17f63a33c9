package dev.ratoon.disk;

import dev.ratoon.model.RatoonException;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One file of a virtual disk: what it stores itself, whatever its parent has. A chain of them makes
 * a {@link VirtualDisk}. Any number of threads may read at once.
 *
 * <p>Every method may throw {@link RatoonException}: {@code IMAGE_TRUNCATED}, {@code IMAGE_CORRUPT}
 * for what the file holds, {@code FILE_UNREADABLE} for what the host does, {@code INTERRUPTED} when
 * the reading thread is.
 */
public interface Layer extends Closeable {

  /** The file. */
  Path file();

  DiskFormat format();

  /** How it is stored, in the format's own terms: "fixed", "dynamic, blocks of 2 MiB", ... */
  String variant();

  /** Bytes that the guest sees; a multiple of 512. */
  long size();

  /** Bytes of a sector as the guest is told: 512 or 4096. */
  default int sectorBytes() {
    return Limits.SECTOR_BYTES;
  }

  /** What is recorded of the parent; empty if the file stands alone. */
  Optional<ParentLink> parent();

  /** The identity that the format keeps inside the file, where it has one. */
  Optional<NativeId> nativeId();

  /**
   * What the system says of the very file that is open here, whatever lies at its path by now.
   * Empty if that can't be told; then nothing is remembered of the file.
   */
  default Optional<FileStamp> stamp() {
    return Optional.empty();
  }

  /**
   * What this file says of the stretch that begins at {@code offset}, up to {@code limit} at most.
   * {@code HOLE} means that it says nothing: the parent decides. What follows may be of the same
   * kind.
   *
   * @param limit more than {@code offset}, at most {@link #size}
   */
  Extent extentAt(long offset, long limit);

  /**
   * Fills {@code target} from its position to its limit with bytes of one or more {@code DATA}
   * extents.
   */
  void read(long offset, ByteBuffer target);

  /**
   * Examines all that the file says of itself, far beyond what reading needs, and does not change
   * it. Whatever is found to be wrong is said in words; an empty list means that it is sound. What
   * keeps the file from being opened at all is thrown by the opening instead.
   */
  default List<Finding> examine() {
    return List.of();
  }

  @Override
  void close();
}
