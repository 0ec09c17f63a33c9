package dev.ratoon.disk.copy;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.ChunkSet;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.Zeros;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A differencing disk in memory, which remembers what it has itself in blocks. */
final class MemoryChild implements WritableDisk {
  /** What was done to it besides reading and writing, in order. */
  final List<String> done = Collections.synchronizedList(new ArrayList<>());

  private final Own own;
  private final VirtualDisk parent;

  /**
   * @param blockBytes what becomes its own at a time
   * @param sparing whether it stores no zeros where zeros are read anyway
   */
  MemoryChild(long size, VirtualDisk parent, int blockBytes, boolean sparing) {
    this.own = new Own((int) size, blockBytes, sparing);
    this.parent = parent;
  }

  /** What a guest would read of it on that parent. */
  byte[] on(VirtualDisk other) {
    ByteBuffer content = ByteBuffer.allocate((int) size());
    own.readThrough(0, content, (offset, target) -> Padded.read(other, offset, target));
    return content.array();
  }

  /** Bytes of the blocks that are its own. */
  long ownBytes() {
    return (long) own.blocks.cardinality() * own.blockBytes;
  }

  @Override
  public long size() {
    return own.size();
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    own.readThrough(offset, target, this::below);
  }

  private void below(long offset, ByteBuffer target) {
    Padded.read(parent, offset, target);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return new Extent(offset, limit - offset, Kind.DATA);
  }

  @Override
  public List<Layer> layers() {
    return Stream.concat(Stream.of((Layer) own), parent.layers().stream()).toList();
  }

  @Override
  public ChunkSet changed() {
    throw new UnsupportedOperationException("nobody asks");
  }

  @Override
  public void write(long offset, ByteBuffer source) {
    own.write(offset, source, this::below);
  }

  @Override
  public void zero(long offset, long length) {
    own.zero(offset, length, this::below);
  }

  @Override
  public void relink(Backing next) {
    own.relink(next);
  }

  @Override
  public void flush() {
    own.flush();
  }

  @Override
  public void close() {}

  private final class Own implements WritableLayer {
    private final byte[] content;
    private final BitSet blocks = new BitSet();
    private final int blockBytes;
    private final boolean sparing;

    Own(int size, int blockBytes, boolean sparing) {
      this.content = new byte[size];
      this.blockBytes = blockBytes;
      this.sparing = sparing;
    }

    synchronized void readThrough(long offset, ByteBuffer target, Below below) {
      while (target.hasRemaining()) {
        Extent extent = extentAt(offset, offset + target.remaining());
        int length = (int) extent.length();
        if (extent.kind() == Kind.HOLE) {
          ByteBuffer part = target.slice(target.position(), length);
          below.read(offset, part);
          target.position(target.position() + length);
        } else {
          target.put(content, (int) offset, length);
        }
        offset += length;
      }
    }

    @Override
    public synchronized Extent extentAt(long offset, long limit) {
      int block = (int) (offset / blockBytes);
      boolean mine = blocks.get(block);
      int end = mine ? blocks.nextClearBit(block) : blocks.nextSetBit(block);
      long until = end < 0 ? limit : Math.min(limit, (long) end * blockBytes);
      return new Extent(offset, until - offset, mine ? Kind.DATA : Kind.HOLE);
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      target.put(content, (int) offset, target.remaining());
    }

    @Override
    public synchronized void write(long offset, ByteBuffer source, Below below) {
      int first = (int) (offset / blockBytes);
      int last = (int) ((offset + source.remaining() - 1) / blockBytes);
      for (int block = first; block <= last; block++) {
        if (!blocks.get(block)) {
          int at = block * blockBytes;
          below.read(at, ByteBuffer.wrap(content, at, Math.min(blockBytes, content.length - at)));
          blocks.set(block);
        }
      }
      source.get(content, (int) offset, source.remaining());
    }

    @Override
    public synchronized void zero(long offset, long length, Below below) {
      ByteBuffer now = ByteBuffer.allocateDirect((int) length);
      readThrough(offset, now, below);
      ByteBuffer zeros = ByteBuffer.allocate((int) length);
      if (!sparing || !now.flip().equals(zeros)) {
        write(offset, zeros, below);
      }
    }

    @Override
    public void relink(Backing next) {
      done.add("relink " + next.file());
    }

    @Override
    public void flush() {
      done.add("flush");
    }

    @Override
    public Path file() {
      return Path.of("/memory/child");
    }

    @Override
    public DiskFormat format() {
      return DiskFormat.QCOW2;
    }

    @Override
    public String variant() {
      return "in memory";
    }

    @Override
    public long size() {
      return content.length;
    }

    @Override
    public Optional<ParentLink> parent() {
      return Optional.empty();
    }

    @Override
    public Optional<NativeId> nativeId() {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }

  /** A disk of these bytes, without a file. */
  static final class Fixed implements VirtualDisk {
    private final byte[] content;

    Fixed(byte[] content) {
      this.content = content;
    }

    byte[] content() {
      return content;
    }

    @Override
    public long size() {
      return content.length;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      target.put(content, (int) offset, target.remaining());
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      int end = (int) offset;
      boolean zero = isZero(end);
      while (end < limit && zero == isZero(end)) {
        end += Limits.SECTOR_BYTES;
      }
      return new Extent(offset, end - offset, zero ? Kind.HOLE : Kind.DATA);
    }

    private boolean isZero(int sector) {
      return Zeros.all(
          java.lang.foreign.MemorySegment.ofArray(content), sector, Limits.SECTOR_BYTES);
    }

    @Override
    public List<Layer> layers() {
      return List.of();
    }

    @Override
    public void close() {}

    Fixed resized(int size) {
      return new Fixed(Arrays.copyOf(content, size));
    }
  }
}
