package dev.ratoon.cache.arrival;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.Layout;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A sparse raw file. Blocks of relatives are shared with them where that is possible; everything
 * else is written, but for zeros.
 */
final class FlatContent implements ContentFile {
  /** Zeros are left out in steps of this many blocks, 16 KiB, as in an import. */
  private static final int HOLE_BLOCKS = 4;

  private final Path path;
  private final RandomAccessFile file;
  private final boolean resumed;
  private final boolean canShare;
  private final Optional<BlockSharing> sharing;

  private FlatContent(
      Path path, RandomAccessFile file, boolean resumed, Optional<Plan> plan, boolean canShare) {
    this.path = path;
    this.file = file;
    this.resumed = resumed;
    this.canShare = canShare;
    this.sharing = plan.filter(_ -> canShare).map(relatives -> new BlockSharing(relatives, path));
  }

  /**
   * Opens what is there, or makes it.
   *
   * @param plan which blocks relatives have
   * @param canShare whether files can share blocks here
   */
  static FlatContent open(Path path, long sizeBytes, Optional<Plan> plan, boolean canShare) {
    try {
      RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
      try {
        boolean resumed = file.length() == sizeBytes;
        file.setLength(sizeBytes);
        return new FlatContent(path, file, resumed, plan, canShare);
      } catch (IOException | RuntimeException | Error e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  @Override
  public Layout layout() {
    return Layout.FLAT;
  }

  @Override
  public long sparedBlocks(Plan plan) {
    return canShare ? plan.localBlocks() : 0;
  }

  @Override
  public boolean isResumed() {
    return resumed;
  }

  @Override
  public void eachStored(Consumer<Extent> taker) {
    try (VirtualDisk disk = open()) {
      for (long at = 0; at < disk.size(); ) {
        Extent extent = disk.extentAt(at);
        if (extent.kind() == Extent.Kind.DATA) {
          taker.accept(extent);
        }
        at = extent.end();
      }
    }
  }

  /** Its zeros would be taken for holes and not be written again. */
  @Override
  public void reject(long chunk, int chunkBytes) {
    writeAll(chunk * Limits.CHUNK_BYTES, ByteBuffer.allocate(chunkBytes));
  }

  @Override
  public void write(long chunk, ByteBuffer content, int local) {
    int end = content.limit();
    int shared = local == 0 ? 0 : sharing.map(s -> s.share(chunk, local, end)).orElse(0);
    // What is shared is in pieces already: there every hole saves something.
    int wanted = blocksWithData(content, shared == 0 ? HOLE_BLOCKS : 1) & ~shared;
    while (wanted != 0) {
      int first = Integer.numberOfTrailingZeros(wanted);
      int count = Integer.numberOfTrailingZeros(~(wanted >>> first));
      int from = first * Blocks.BLOCK_BYTES;
      int length = Math.min(count * Blocks.BLOCK_BYTES, end - from);
      writeAll(chunk * Limits.CHUNK_BYTES + from, content.slice(from, length));
      wanted &= ~new BlockRun(0, 0, first, count).bits();
    }
  }

  /** The blocks that are not part of a hole, as a bit for each. */
  private static int blocksWithData(ByteBuffer content, int holeBlocks) {
    MemorySegment bytes = MemorySegment.ofBuffer(content);
    int step = holeBlocks * Blocks.BLOCK_BYTES;
    int blocks = 0;
    for (int at = 0; at < content.limit(); at += step) {
      int length = Math.min(step, content.limit() - at);
      if (!Zeros.all(bytes, at, length)) {
        int count = (length + Blocks.BLOCK_BYTES - 1) / Blocks.BLOCK_BYTES;
        blocks |= new BlockRun(0, 0, at / Blocks.BLOCK_BYTES, count).bits();
      }
    }
    return blocks;
  }

  private void writeAll(long offset, ByteBuffer bytes) {
    long at = offset;
    try {
      while (bytes.hasRemaining()) {
        at += channel().write(bytes, at);
      }
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    long at = offset;
    try {
      while (target.hasRemaining()) {
        int count = channel().read(target, at);
        if (count < 0) {
          throw Faults.truncated(path, "It became shorter while it was read.");
        }
        at += count;
      }
    } catch (IOException e) {
      throw Faults.unreadable(path, e);
    }
  }

  @Override
  public void force() {
    try {
      channel().force(false);
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  @Override
  public void seal(Manifest manifest) {
    try {
      channel().force(true);
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /** What was shared before it was cut off counts, too. */
  @Override
  public boolean mustBeReadBack() {
    return sharing.isPresent() || resumed && canShare;
  }

  @Override
  public VirtualDisk open() {
    return VirtualDisks.open(path, DiskFormat.RAW, OpenRules.chain(1));
  }

  private FileChannel channel() {
    return file.getChannel();
  }

  @Override
  public void close() {
    sharing.ifPresent(BlockSharing::close);
    try {
      file.close();
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }
}
