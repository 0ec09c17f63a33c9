package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;

/**
 * The reference counts as a file has them, of any width and in any state: what can't be read counts
 * as 0. For one thread.
 */
final class RecordedCounts {
  private static final int MOST_TABLE_BYTES = 8 << 20;
  private static final int BITS_OF_A_BYTE = 3;
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final ImageFile file;
  private final Qcow2Grid grid;
  private final int order;
  private final ByteBuffer table;

  /** The piece of a block that was used last; most questions go on where the last one was. */
  private ByteBuffer piece = NONE;

  private long pieceAt = -1;

  RecordedCounts(ImageFile file, Qcow2Header header) {
    this.file = file;
    this.grid = new Qcow2Grid(header);
    this.order = header.counts().order();
    this.table = readable(header) ? readTable(header) : NONE;
  }

  /** Whether there is a refcount table where the header says. */
  boolean readable(Qcow2Header header) {
    long offset = header.counts().tableOffset();
    long clusters = header.counts().tableClusters();
    return offset > 0
        && (offset & Qcow2Grid.mask(grid.clusterBits())) == 0
        && clusters > 0
        && clusters <= MOST_TABLE_BYTES >> grid.clusterBits()
        && offset <= file.length() - (clusters << grid.clusterBits());
  }

  private ByteBuffer readTable(Qcow2Header header) {
    int bytes = (int) header.counts().tableClusters() << grid.clusterBits();
    return file.bytes(header.counts().tableOffset(), bytes);
  }

  /** How many entries the table has. */
  int blocks() {
    return table.capacity() / Long.BYTES;
  }

  /** What the table has for a block: an offset, if all is well. */
  long blockAt(int block) {
    return table.getLong(block * Long.BYTES);
  }

  /** Whether a block can lie there. */
  boolean validBlock(long offset) {
    return offset > 0
        && (offset & Qcow2Grid.mask(grid.clusterBits())) == 0
        && offset <= file.length() - grid.clusterBytes();
  }

  /** The count of a cluster; not negative, unless it has 64 bits and the first one is set. */
  long of(long cluster) {
    int countsInBlockBits = grid.clusterBits() + BITS_OF_A_BYTE - order;
    long block = cluster >>> countsInBlockBits;
    if (block >= blocks() || !validBlock(blockAt((int) block))) {
      return 0;
    }
    long bit = (cluster & Qcow2Grid.mask(countsInBlockBits)) << order;
    long at = blockAt((int) block) + (bit >>> BITS_OF_A_BYTE);
    return countAt(at, (int) bit & 7);
  }

  private long countAt(long offset, int bit) {
    long start = offset & ~Qcow2Grid.mask(grid.pageBits());
    if (start != pieceAt) {
      piece = file.bytes(start, 1 << grid.pageBits());
      pieceAt = start;
    }
    int index = (int) (offset - start);
    return switch (order) {
      case 3 -> Byte.toUnsignedInt(piece.get(index));
      case 4 -> Short.toUnsignedInt(piece.getShort(index));
      case 5 -> Integer.toUnsignedLong(piece.getInt(index));
      case 6 -> piece.getLong(index);
      default -> piece.get(index) >>> bit & Qcow2Grid.mask(1 << order);
    };
  }
}
