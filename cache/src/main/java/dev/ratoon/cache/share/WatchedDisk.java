package dev.ratoon.cache.share;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;

/**
 * A disk that stands on a file of a share, read so that a share that hangs hangs nobody: every
 * access has a thread of its own, and whoever waits is told {@code share-unavailable} when the
 * share falls silent. What is read goes into memory of its own first: a read that was given up may
 * come back much later.
 */
final class WatchedDisk implements VirtualDisk {
  private final VirtualDisk disk;
  private final long size;
  private final ShareCalls calls;
  private final String doing;

  private WatchedDisk(VirtualDisk disk, ShareCalls calls, String doing) {
    this.disk = disk;
    this.size = disk.size();
    this.calls = calls;
    this.doing = doing;
  }

  static VirtualDisk open(ShareCalls calls, String doing, Supplier<VirtualDisk> opening) {
    return calls.run(
        doing, _ -> new WatchedDisk(opening.get(), calls, doing), opened -> opened.disk.close());
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    ByteBuffer own = ByteBuffer.allocate(target.remaining());
    ByteBuffer read =
        calls.run(
            doing,
            _ -> {
              disk.read(offset, own);
              return own.flip();
            });
    target.put(read);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return calls.run(doing, _ -> disk.extentAt(offset, limit));
  }

  @Override
  public List<Layer> layers() {
    return disk.layers();
  }

  /** Nobody waits for it. */
  @Override
  public void close() {
    try {
      var _ =
          calls.begin(
              doing,
              _ -> {
                disk.close();
                return true;
              });
    } catch (RatoonException stalled) {
      // Its files stay open for as long as this process lives, or until the share is let go.
    }
  }
}
