package dev.ratoon.disk;

import dev.ratoon.model.RatoonException;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * A virtual disk, opened for reading, as a guest would see it: its file and, if it has parents, all
 * of them. Any number of threads may read at once.
 *
 * <p>Every method may throw {@link RatoonException}: {@code IMAGE_TRUNCATED}, {@code IMAGE_CORRUPT}
 * for what the files hold, {@code FILE_UNREADABLE} for what the host does, {@code INTERRUPTED} when
 * the reading thread is.
 */
public interface VirtualDisk extends Closeable {

  /** Bytes that the guest sees; a multiple of 512. */
  long size();

  /**
   * Fills {@code target} from its position to its limit with the disk's bytes from {@code offset}
   * on. Direct buffers are fastest.
   *
   * @throws IndexOutOfBoundsException if that is not all inside the disk
   */
  void read(long offset, ByteBuffer target);

  /**
   * The extent that begins at {@code offset}, as long as it is known to be of one kind, and at most
   * until {@code limit}. The next extent can be of the same kind only if this one ends at {@code
   * limit}.
   *
   * @throws IndexOutOfBoundsException unless 0 <= offset < limit <= size
   */
  Extent extentAt(long offset, long limit);

  /** The whole extent that begins at {@code offset}. */
  default Extent extentAt(long offset) {
    return extentAt(offset, size());
  }

  /** The files of the chain, from the disk's own to the root; at least one. */
  List<Layer> layers();

  /** The disk's own file. */
  default Layer top() {
    return layers().getFirst();
  }

  /** Where the files of the chain lie, from the disk's own to the root. */
  default List<Path> files() {
    return layers().stream().map(Layer::file).toList();
  }

  /** The format of the disk's own file. */
  default DiskFormat format() {
    return top().format();
  }

  @Override
  void close();
}
