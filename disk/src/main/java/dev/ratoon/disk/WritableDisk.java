package dev.ratoon.disk;

import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;

/**
 * A virtual disk whose own file is open for writing; its parents are only read. What {@link
 * WritableLayer} says of threads, kills and errors holds here.
 */
public interface WritableDisk extends VirtualDisk {

  /**
   * Writes the rest of {@code source} at {@code offset}, any offset and length inside the disk.
   *
   * @throws IndexOutOfBoundsException if that is not all inside the disk
   */
  void write(long offset, ByteBuffer source);

  /**
   * Makes a range read as zeros, storing as little as the format lets us.
   *
   * @throws IndexOutOfBoundsException if that is not all inside the disk
   */
  void zero(long offset, long length);

  /**
   * The chunks that may read otherwise than when the disk was opened: those that were written to,
   * as a whole or in part, or tried to be. It grows as the disk is written to.
   */
  ChunkSet changed();

  /**
   * Records another parent, see {@link WritableLayer#relink}. Until the disk is opened again it
   * goes on reading from the parents that it was opened with.
   *
   * @throws RatoonException {@code INVALID_VALUE} if the file has no parent, or the name does not
   *     fit; {@code DISK_FULL}, {@code FILE_UNWRITABLE}
   */
  void relink(Backing parent);

  /**
   * When this returns, all that was written before survives a power loss.
   *
   * @throws RatoonException {@code DISK_FULL}, {@code FILE_UNWRITABLE}
   */
  void flush();
}
