package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Writes a dynamic or differencing VHD, in the order that docs/formats/vhd.md gives.
 *
 * <p>A block gets new room at the end of the file, under a short lock; data is written outside of
 * it. Bitmaps and table entries are changed in memory once the data they speak of is written, and
 * are written back behind a barrier, by {@link #flush} or when there are many: so whatever a kill
 * or a power loss leaves, table and bitmaps never speak of data that is not there. In a new file
 * that was never flushed nothing is promised yet, and the barriers are left out.
 */
final class DynamicVhdWriter implements WritableLayer {
  private static final int DATA_ALIGNMENT = 4096;
  private static final int ZEROS_AT_ONCE = 1 << 16;
  private static final long MOST_FILE_BYTES = (1L << 32) * Limits.SECTOR_BYTES;

  private final ImageFile file;
  private final VhdFooter footer;
  private final int blockBytes;
  private final BlockTable table;
  private final DynamicVhd reader;

  /** For growing; never held while data is written. */
  private final Object growth = new Object();

  /** For writing back, one at a time. */
  private final Object writeBack = new Object();

  /** Partial sectors are completed one at a time. */
  private final Object partial = new Object();

  private VhdHeader header;
  private boolean fresh;
  private boolean footerAtEnd;

  DynamicVhdWriter(
      ImageFile file, VhdFooter footer, VhdHeader header, BlockTable table, boolean fresh) {
    this.file = file;
    this.footer = footer;
    this.header = header;
    this.blockBytes = header.blockBytes();
    this.table = table;
    this.reader = new DynamicVhd(file, footer, header, table);
    this.fresh = fresh;
    this.footerAtEnd = fresh || reader.examine().isEmpty();
  }

  @Override
  public Path file() {
    return file.path();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.VHD;
  }

  @Override
  public String variant() {
    return reader.variant();
  }

  @Override
  public long size() {
    return footer.size();
  }

  @Override
  public Optional<ParentLink> parent() {
    return reader.differencing()
        ? Optional.of(VhdParent.read(header, file).link(file.path()))
        : Optional.empty();
  }

  @Override
  public Optional<NativeId> nativeId() {
    return reader.nativeId();
  }

  @Override
  public Optional<FileStamp> stamp() {
    return reader.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return reader.extentAt(offset, limit);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    reader.read(offset, target);
  }

  @Override
  public List<Finding> examine() {
    return reader.examine();
  }

  @Override
  public void write(long offset, ByteBuffer source, Below below) {
    int limit = source.limit();
    long at = offset;
    while (source.position() < limit) {
      int block = reader.blockAt(at);
      int count = (int) Math.min(limit - source.position(), reader.end(block) - at);
      allocated(block);
      writeInBlock(block, at, source.limit(source.position() + count), below);
      source.limit(limit);
      at += count;
    }
    relieve();
  }

  /** Gives the block its place if it has none. Returns whether it had none. */
  private boolean allocated(int block) {
    if (table.isPresent(block)) {
      return false;
    }
    synchronized (growth) {
      if (table.isPresent(block)) {
        return false;
      }
      int bitmapBytes = SectorBitmap.bytes(blockBytes);
      long data = (file.length() + bitmapBytes + DATA_ALIGNMENT - 1) & -DATA_ALIGNMENT;
      if (data + blockBytes > MOST_FILE_BYTES) {
        throw Problem.of(ErrorCode.DISK_FULL, "writing '" + file.path() + "'")
            .detail("The file has 2 TiB, as many as a VHD can have.")
            .next("Compact it: ratoon disk convert OLD NEW.")
            .asException();
      }
      file.setLength(data + blockBytes);
      if (reader.differencing()) {
        reader.bitmaps().begin(block);
      } else {
        byte[] ones = new byte[bitmapBytes];
        Arrays.fill(ones, (byte) -1);
        file.write(data - bitmapBytes, ByteBuffer.wrap(ones));
      }
      footerAtEnd = false;
      table.put(block, data - bitmapBytes);
      return true;
    }
  }

  private void writeInBlock(int block, long at, ByteBuffer source, Below below) {
    if (!reader.differencing()) {
      file.write(place(block, at), source);
      return;
    }
    long end = at + source.remaining();
    long wholeFrom = Math.min(ceil(at), end);
    long wholeTo = Math.max(end & -Limits.SECTOR_BYTES, wholeFrom);
    if (at < wholeFrom) {
      writeInSector(block, at, piece(source, (int) (wholeFrom - at)), below);
    }
    if (wholeFrom < wholeTo) {
      file.write(place(block, wholeFrom), piece(source, (int) (wholeTo - wholeFrom)));
      reader.bitmaps().set(block, reader.sectorOf(wholeFrom), reader.sectorOf(wholeTo - 1) + 1);
    }
    if (wholeTo < end) {
      writeInSector(block, wholeTo, piece(source, (int) (end - wholeTo)), below);
    }
  }

  private static ByteBuffer piece(ByteBuffer source, int bytes) {
    ByteBuffer piece = source.slice(source.position(), bytes);
    source.position(source.position() + bytes);
    return piece;
  }

  /** Writes less than a sector; what the sector lacks comes from below, if the file lacks it. */
  private void writeInSector(int block, long at, ByteBuffer source, Below below) {
    int sector = reader.sectorOf(at);
    synchronized (partial) {
      if (reader.bitmaps().of(block).get(sector)) {
        file.write(place(block, at), source);
        return;
      }
      long start = at & -Limits.SECTOR_BYTES;
      ByteBuffer whole = ByteBuffer.allocate(Limits.SECTOR_BYTES);
      below.read(start, whole);
      whole.position((int) (at - start)).put(source).clear();
      file.write(place(block, start), whole);
      reader.bitmaps().set(block, sector, sector + 1);
    }
  }

  private long place(int block, long offset) {
    return table.dataAt(block) + offset % blockBytes;
  }

  private static long ceil(long offset) {
    return (offset + Limits.SECTOR_BYTES - 1) & -Limits.SECTOR_BYTES;
  }

  @Override
  public void zero(long offset, long length, Below below) {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(length, ZEROS_AT_ONCE));
    long end = offset + length;
    for (long at = offset; at < end; ) {
      int block = reader.blockAt(at);
      long blockEnd = Math.min(end, reader.end(block));
      if (!reader.differencing() && !table.isPresent(block)) {
        at = blockEnd;
      } else if (allocated(block) && isWhole(block, at, blockEnd)) {
        // New room reads as zeros: it is enough to say that the block has all its sectors.
        reader.bitmaps().set(block, 0, reader.sectorOf(blockEnd - 1) + 1);
        at = blockEnd;
      } else {
        int count = (int) Math.min(zeros.capacity(), blockEnd - at);
        writeInBlock(block, at, zeros.clear().limit(count), below);
        at += count;
      }
    }
    relieve();
  }

  private boolean isWhole(int block, long from, long to) {
    return from == (long) block * blockBytes && to == Math.min(reader.end(block), size());
  }

  private void relieve() {
    if (reader.bitmaps().isCrowded()) {
      writeBack(!fresh);
    }
  }

  @Override
  public void flush() {
    fresh = false;
    writeBack(true);
  }

  /**
   * @param barriers whether a power loss in between must leave a sound file
   */
  private void writeBack(boolean barriers) {
    synchronized (writeBack) {
      List<BlockTable.Change> entries = table.takeChanges();
      List<SectorBitmaps.Change> sectors = reader.bitmaps().takeChanges();
      force(barriers);
      reader.bitmaps().write(sectors);
      endWithFooter();
      force(barriers);
      table.write(entries);
      force(barriers);
    }
  }

  private void force(boolean barriers) {
    if (barriers) {
      file.force();
    }
  }

  private void endWithFooter() {
    synchronized (growth) {
      if (!footerAtEnd) {
        file.write(
            (file.length() + Limits.SECTOR_BYTES - 1) & -Limits.SECTOR_BYTES, footer.encode());
        footerAtEnd = true;
      }
    }
  }

  @Override
  public void relink(Backing parent) {
    if (!reader.differencing()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "giving '" + file.path() + "' another parent")
          .detail("It has none: it is a dynamic VHD.")
          .asException();
    }
    VhdParent recorded = VhdParent.of(parent, file.path());
    flush();
    synchronized (growth) {
      long place = file.length();
      file.write(place, recorded.locatorData());
      file.write(file.length(), footer.encode());
      file.force();
      header =
          new VhdHeader(
              header.tableOffset(),
              header.tableEntries(),
              blockBytes,
              recorded.unique(),
              recorded.time(),
              recorded.name(),
              recorded.locators(place));
      file.write(footer.headerOffset(), header.encode());
      file.force();
    }
  }

  @Override
  public void close() {
    try {
      if (table.isDirty() || reader.bitmaps().isDirty() || !footerAtEnd) {
        writeBack(!fresh);
      }
    } finally {
      file.close();
    }
  }
}
