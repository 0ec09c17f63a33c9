package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.util.BitSet;

/** A table, or a piece of one, as it is in the file; and which of its sectors were changed. */
final class Page {
  private final long offset;
  private final ByteBuffer bytes;
  private final BitSet changedSectors = new BitSet();

  /**
   * @param offset where it lies in the file
   * @param bytes what is there, from 0 to the capacity
   */
  Page(long offset, ByteBuffer bytes) {
    this.offset = offset;
    this.bytes = bytes;
  }

  long offset() {
    return offset;
  }

  /** How many words it has. */
  int words() {
    return bytes.capacity() / Long.BYTES;
  }

  long word(int index) {
    return bytes.getLong(index * Long.BYTES);
  }

  void setWord(int index, long value) {
    bytes.putLong(index * Long.BYTES, value);
    changedSectors.set(index * Long.BYTES / Limits.SECTOR_BYTES);
  }

  /** A count of 16 bits. */
  int count(int index) {
    return Short.toUnsignedInt(bytes.getShort(index * Short.BYTES));
  }

  void setCount(int index, int value) {
    bytes.putShort(index * Short.BYTES, (short) value);
    changedSectors.set(index * Short.BYTES / Limits.SECTOR_BYTES);
  }

  boolean changed() {
    return !changedSectors.isEmpty();
  }

  /** The same words at another place, with zeros behind them, all yet to be written. */
  Page moved(long newOffset, int newBytes) {
    Page moved =
        new Page(newOffset, ByteBuffer.allocate(newBytes).put(0, bytes, 0, bytes.capacity()));
    moved.changedSectors.set(0, newBytes / Limits.SECTOR_BYTES);
    return moved;
  }

  /** Writes what was changed back to where it belongs. */
  void writeTo(ImageFile file) {
    int from = changedSectors.nextSetBit(0);
    while (from >= 0) {
      int to = changedSectors.nextClearBit(from);
      int start = from * Limits.SECTOR_BYTES;
      // A table that is read in part may end within a sector.
      int end = Math.min(to * Limits.SECTOR_BYTES, bytes.capacity());
      file.write(offset + start, bytes.slice(start, end - start));
      from = changedSectors.nextSetBit(to);
    }
    changedSectors.clear();
  }
}
