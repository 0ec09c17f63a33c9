package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;

/**
 * How a disk is cut into blocks, and these into chunks that share a block of sector bitmap. The
 * arithmetic is that of docs/formats/vhdx.md, "BAT".
 *
 * @param size bytes of the disk
 * @param blockBytes a power of two from 1 to 256 MiB
 * @param sectorBytes of a logical sector: 512 or 4096
 * @param differencing whether there is a parent
 */
record BlockGeometry(long size, int blockBytes, int sectorBytes, boolean differencing) {
  /** A bitmap block has 1 MiB of bits. */
  private static final int CHUNK_SECTORS_BITS = 23;

  int blockBits() {
    return Integer.numberOfTrailingZeros(blockBytes);
  }

  private int sectorBits() {
    return Integer.numberOfTrailingZeros(sectorBytes);
  }

  private int ratioBits() {
    return CHUNK_SECTORS_BITS + sectorBits() - blockBits();
  }

  /** Blocks of payload. */
  long blocks() {
    return ((size - 1) >>> blockBits()) + 1;
  }

  /** Entries of the BAT. */
  long entries() {
    long last = blocks() - 1;
    return differencing ? bitmapEntry(chunk(last)) + 1 : entry(last) + 1;
  }

  /** Bytes of the BAT's region, in whole MiB. */
  long batBytes() {
    return (entries() * Long.BYTES + MIB - 1) & -MIB;
  }

  long blockAt(long offset) {
    return offset >>> blockBits();
  }

  /** Where the block begins on the disk. */
  long start(long block) {
    return block << blockBits();
  }

  /** Where the block ends on the disk; the last one may end early. */
  long end(long block) {
    return Math.min(size, (block + 1) << blockBits());
  }

  /** The block's entry of the BAT. */
  long entry(long block) {
    return block + chunk(block);
  }

  long chunk(long block) {
    return block >>> ratioBits();
  }

  /** The entry of the BAT for a chunk's bitmap. */
  long bitmapEntry(long chunk) {
    return ((chunk + 1) << ratioBits()) + chunk;
  }

  /** Whether an entry is that of a bitmap. */
  boolean isBitmapEntry(long entry) {
    return bitmapEntry(chunkOfEntry(entry)) == entry;
  }

  /** The block of an entry; of that of a bitmap, the first block behind its chunk. */
  long blockOfEntry(long entry) {
    return entry - chunkOfEntry(entry);
  }

  /** The chunk that an entry belongs to. */
  long chunkOfEntry(long entry) {
    return entry / ((1L << ratioBits()) + 1);
  }

  /** The bit, in its chunk's bitmap, of the sector that has this byte of the disk. */
  int bit(long offset) {
    return (int) (offset >>> sectorBits()) & ((1 << CHUNK_SECTORS_BITS) - 1);
  }

  /** How many sectors a stretch of whole ones has. */
  int sectors(long bytes) {
    return (int) (bytes >>> sectorBits());
  }
}
