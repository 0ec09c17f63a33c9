package dev.ratoon.disk;

import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;

/**
 * One file of a virtual disk, opened for writing too. Any number of threads may write at once, each
 * to another part of the disk; who reads what is being written at that moment gets old or new
 * bytes.
 *
 * <p>What a killed process leaves is a file that the next opening reads rightly, repairs or
 * refuses: everything before the last {@link #flush} is there, what was written since may be there,
 * and no place reads as something that was never written to it.
 *
 * <p>Besides what {@link Layer} throws: {@code DISK_FULL}, {@code FILE_UNWRITABLE}. After one of
 * those the layer is good for closing only.
 */
public interface WritableLayer extends Layer {

  /** What the disk has where this file says nothing. */
  @FunctionalInterface
  interface Below {
    /** Nothing lies below: all zeros. */
    Below NOTHING = (offset, target) -> target.put(new byte[target.remaining()]);

    /** Fills {@code target}; zeros beyond the parent's end. */
    void read(long offset, ByteBuffer target);
  }

  /**
   * Writes the rest of {@code source} at {@code offset}, any offset and length inside the disk.
   *
   * @param below completes blocks that are written in part for the first time
   */
  void write(long offset, ByteBuffer source, Below below);

  /**
   * What is best written as a whole, aligned to its size: less than this costs a read from below,
   * or room in the file. A power of two of at least 4 KiB.
   */
  default int grainBytes() {
    return Limits.CHUNK_BYTES;
  }

  /**
   * Makes a range read as zeros, storing as little as the format lets us.
   *
   * @param below as for {@link #write}
   */
  void zero(long offset, long length, Below below);

  /**
   * Records another parent: its place, and what identifies it. Whether it has the right content is
   * the caller's to know. Done and durable when this returns; a kill or a power loss in between
   * leaves the old parent or the new one, never half of one.
   *
   * @throws RatoonException {@code INVALID_VALUE} if the file has no parent, or the name does not
   *     fit
   */
  void relink(Backing parent);

  /** When this returns, all that was written before survives a power loss. */
  void flush();

  /**
   * Completes the file, so that it is clean to the next opening; does not wait for the disk. Also
   * to be called after a failure.
   *
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}; the file is closed even so
   */
  @Override
  void close();
}
