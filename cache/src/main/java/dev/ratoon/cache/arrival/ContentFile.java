package dev.ratoon.cache.arrival;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * The file that an arriving base is written to. Any number of threads may write and read, each
 * chunk for itself. Every method may throw what the file system does: {@code DISK_FULL}, {@code
 * FILE_UNWRITABLE}, {@code FILE_UNREADABLE}.
 */
sealed interface ContentFile extends Closeable permits FlatContent, DeltaContent {

  Layout layout();

  /** How many blocks that are not zero need no room in it, if {@code plan} is right. */
  long sparedBlocks(Plan plan);

  /** Whether an arrival that was cut off had begun it. */
  boolean isResumed();

  /** Tells of what was stored before. */
  void eachStored(Consumer<Extent> taker);

  /** A chunk that is stored is not as it should be; it will be written again. */
  void reject(long chunk, int chunkBytes);

  /**
   * Writes a chunk that was verified.
   *
   * @param content all of it, from 0 to its limit
   * @param local which of its blocks were taken from relatives, by the plan
   */
  void write(long chunk, ByteBuffer content, int local);

  /** Fills {@code target} from a place within a chunk that was written. */
  void read(long offset, ByteBuffer target);

  /** When this returns, what was written before survives a power loss. */
  void force();

  /** Completes and syncs the file when every chunk is there; from then on it is only read. */
  void seal(Manifest manifest);

  /**
   * Whether the sealed file has bytes that came from another file without passing through our
   * hands, so that it counts as verified only after it was read back.
   */
  boolean mustBeReadBack();

  /** Opens the sealed file as the cache will. */
  VirtualDisk open();

  /**
   * @throws RatoonException {@code FILE_UNWRITABLE}
   */
  @Override
  void close();
}
