package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/**
 * A qcow2 child of another base in the same cache. What is written is compared with what the child
 * reads as already, block by block, and only what differs is stored: so it does not matter why the
 * child reads as it does, whether from its parent or from what a killed arrival left in it.
 *
 * <p>Whoever closes or seals it waits for those who read and write.
 */
final class DeltaContent implements ContentFile {
  private static final OpenRules.Chain RULES =
      OpenRules.chain(Cache.MOST_FILES, List.of(), ParentWitness.TRUSTING);

  private final Path path;
  private final DiskId parent;
  private final boolean resumed;
  private final ReadWriteLock use = new ReentrantReadWriteLock();
  private final WritableDisk writable;
  private VirtualDisk disk;

  private DeltaContent(Path path, DiskId parent, WritableDisk writable, boolean resumed) {
    this.path = path;
    this.parent = parent;
    this.writable = writable;
    this.disk = writable;
    this.resumed = resumed;
  }

  /** Begins a child of {@code parent}. */
  static DeltaContent create(Path path, long sizeBytes, Base parent, Cache cache) {
    VirtualDisk opened = cache.open(parent);
    try {
      Backing recorded =
          new Backing(parent.path(), parent.format(), Optional.empty(), Optional.of(parent.id()));
      return new DeltaContent(
          path,
          parent.id(),
          VirtualDisks.create(
              path,
              sizeBytes,
              Optional.of(new VirtualDisks.Parent(opened, recorded)),
              CreateOptions.Qcow2.SUBCLUSTERS),
          false);
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /** What an arrival that was cut off had begun; empty if it cannot be gone on with. */
  static Optional<DeltaContent> resume(Path path, long sizeBytes, Cache cache) {
    try {
      Qcow2Header header = Qcow2Header.read(path);
      Optional<Path> named = header.backing(path).map(Backing::file);
      Optional<Base> parent =
          header
              .parentId()
              .filter(_ -> named.isPresent())
              .map(id -> cache.use(id, named.orElseThrow()))
              .filter(base -> base.path().equals(named.orElseThrow()));
      return parent
          .filter(_ -> header.size() == sizeBytes)
          .map(base ->
              new DeltaContent(
                  path,
                  base.id(),
                  VirtualDisks.openWritable(path, DiskFormat.QCOW2, RULES),
                  true));
    } catch (RatoonException torn) {
      return Optional.empty();
    }
  }

  @Override
  public Layout layout() {
    return Layout.DELTA;
  }

  @Override
  public long sparedBlocks(Plan plan) {
    return plan.blocksAtSameOffset().getOrDefault(parent, 0L);
  }

  @Override
  public boolean isResumed() {
    return resumed;
  }

  @Override
  public void eachStored(Consumer<Extent> taker) {
    for (long at = 0; at < disk.size(); ) {
      Extent extent = disk.top().extentAt(at, disk.size());
      if (extent.kind() == Extent.Kind.DATA) {
        taker.accept(extent);
      }
      at = extent.end();
    }
  }

  @Override
  public void reject(long chunk, int chunkBytes) {
    // What is wrong differs from what comes, and is written over then.
  }

  @Override
  public void write(long chunk, ByteBuffer content, int local) {
    use.readLock().lock();
    try {
      long offset = chunk * Limits.CHUNK_BYTES;
      ByteBuffer before = ByteBuffer.allocate(content.limit());
      disk.read(offset, before);
      int differing = differing(content, before.flip());
      int zeros = differing & zeros(content);
      store(offset, content, differing & ~zeros, false);
      store(offset, content, zeros, true);
    } finally {
      use.readLock().unlock();
    }
  }

  private static int differing(ByteBuffer content, ByteBuffer before) {
    MemorySegment after = MemorySegment.ofBuffer(content);
    MemorySegment old = MemorySegment.ofBuffer(before);
    int blocks = 0;
    for (long at = 0; at < after.byteSize(); ) {
      long same = MemorySegment.mismatch(after, at, after.byteSize(), old, at, old.byteSize());
      if (same < 0) {
        break;
      }
      int block = (int) (at + same) / Blocks.BLOCK_BYTES;
      blocks |= 1 << block;
      at = (block + 1L) * Blocks.BLOCK_BYTES;
    }
    return blocks;
  }

  private static int zeros(ByteBuffer content) {
    MemorySegment bytes = MemorySegment.ofBuffer(content);
    int blocks = 0;
    for (int at = 0; at < content.limit(); at += Blocks.BLOCK_BYTES) {
      int length = Math.min(Blocks.BLOCK_BYTES, content.limit() - at);
      blocks |= Zeros.all(bytes, at, length) ? 1 << at / Blocks.BLOCK_BYTES : 0;
    }
    return blocks;
  }

  private void store(long offset, ByteBuffer content, int blocks, boolean asZeros) {
    for (int left = blocks; left != 0; ) {
      int first = Integer.numberOfTrailingZeros(left);
      int count = Integer.numberOfTrailingZeros(~(left >>> first));
      int from = first * Blocks.BLOCK_BYTES;
      int length = Math.min(count * Blocks.BLOCK_BYTES, content.limit() - from);
      if (asZeros) {
        writable.zero(offset + from, length);
      } else {
        writable.write(offset + from, content.slice(from, length));
      }
      left &= ~new BlockRun(0, 0, first, count).bits();
    }
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    use.readLock().lock();
    try {
      disk.read(offset, target);
    } finally {
      use.readLock().unlock();
    }
  }

  @Override
  public void force() {
    writable.flush();
  }

  /** Nobody sends chunks of zeros: where the parent has something else they are marked here. */
  @Override
  public void seal(Manifest manifest) {
    use.writeLock().lock();
    try {
      for (long at = 0; at < writable.size(); ) {
        Extent extent = writable.extentAt(at);
        if (extent.kind() == Extent.Kind.DATA) {
          markZeros(manifest, extent);
        }
        at = extent.end();
      }
      writable.flush();
      writable.close();
      try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
        file.force(true);
      }
      disk = open();
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    } finally {
      use.writeLock().unlock();
    }
  }

  private void markZeros(Manifest manifest, Extent extent) {
    long last = (extent.end() - 1) / Limits.CHUNK_BYTES;
    for (long chunk = extent.offset() / Limits.CHUNK_BYTES; chunk <= last; chunk++) {
      if (manifest.isZero(chunk)) {
        writable.zero(chunk * Limits.CHUNK_BYTES, manifest.chunkBytes(chunk));
      }
    }
  }

  @Override
  public boolean mustBeReadBack() {
    return true;
  }

  @Override
  public VirtualDisk open() {
    return VirtualDisks.open(path, DiskFormat.QCOW2, RULES);
  }

  @Override
  public void close() {
    use.writeLock().lock();
    try {
      disk.close();
    } finally {
      use.writeLock().unlock();
    }
  }
}
