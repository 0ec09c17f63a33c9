package dev.ratoon.cache.arrival;

import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.BlockFingerprints.Entry;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which blocks of a base are taken from which block of which relative, and which have to be
 * fetched. It is kept in a mapped file that has eight bytes for each block that is not zero, in the
 * order of the fingerprints: 0 to fetch it, else the number of the relative from 1, and in the low
 * 34 bits that of its block.
 */
final class Plan implements AutoCloseable {
  static final int BLOCK_BITS = 34;
  static final ValueLayout.OfLong ENTRY = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final long BLOCK_MASK = (1L << BLOCK_BITS) - 1;

  /**
   * What a chunk is made of, as a bit for each block. What is neither is zero.
   *
   * @param local taken from relatives
   * @param missing to be fetched
   */
  record Parts(int local, int missing) {
    static final Parts WHOLE = new Parts(0, Blocks.ALL);
  }

  private final Arena arena;
  private final MemorySegment entries;
  private final BlockFingerprints wanted;
  private final List<Relative> relatives;
  private final long[] sameOffset;
  private final Map<Integer, FileChannel> open = new HashMap<>();

  Plan(
      Arena arena,
      MemorySegment entries,
      BlockFingerprints wanted,
      List<Relative> relatives,
      long[] sameOffset) {
    this.arena = arena;
    this.entries = entries;
    this.wanted = wanted;
    this.relatives = relatives;
    this.sameOffset = sameOffset;
  }

  /** How many blocks lie at the same offset in each relative: what a delta on it would save. */
  Map<DiskId, Long> blocksAtSameOffset() {
    Map<DiskId, Long> blocks = new HashMap<>();
    for (int i = 0; i < sameOffset.length; i++) {
      blocks.put(relatives.get(i).id(), sameOffset[i]);
    }
    return blocks;
  }

  /** What a chunk that is not zero is made of. */
  Parts parts(long chunk) {
    long n = wanted.search(chunk);
    if (n == wanted.entries() || wanted.entry(n).chunk() != chunk) {
      return Parts.WHOLE;
    }
    Entry entry = wanted.entry(n);
    int local = 0;
    long place = entry.first();
    for (int left = entry.blocks(); left != 0; left &= left - 1) {
      local |= entries.getAtIndex(ENTRY, place++) == 0 ? 0 : Integer.lowestOneBit(left);
    }
    return local == 0 ? Parts.WHOLE : new Parts(local, entry.blocks() & ~local);
  }

  /**
   * Puts a chunk together.
   *
   * @param parts what {@link #parts} said
   * @param fetched the missing blocks, one behind another
   * @param target as long as the chunk; filled from 0 on
   * @return whether everything could be read; if not, the chunk has to be fetched whole
   */
  boolean assemble(long chunk, Parts parts, ByteBuffer fetched, ByteBuffer target) {
    Entry entry = wanted.entry(wanted.search(chunk));
    ByteBuffer rest = fetched.duplicate();
    for (int i = 0; i < Blocks.IN_CHUNK; i++) {
      int from = i * Blocks.BLOCK_BYTES;
      int length = Math.min(Blocks.BLOCK_BYTES, target.limit() - from);
      int bit = 1 << i;
      if (length <= 0) {
        return ((parts.local() | parts.missing()) >>> i) == 0;
      }
      ByteBuffer block = target.slice(from, length);
      if ((parts.local() & bit) != 0) {
        long place = entry.first() + Integer.bitCount(entry.blocks() & (bit - 1));
        if (!take(entries.getAtIndex(ENTRY, place), block)) {
          return false;
        }
      } else if ((parts.missing() & bit) != 0) {
        block.put(rest.slice(rest.position(), length));
        rest.position(rest.position() + length);
      } else {
        dev.ratoon.disk.file.Zeros.fill(block);
      }
    }
    return true;
  }

  private boolean take(long entry, ByteBuffer block) {
    long at = (entry & BLOCK_MASK) * Blocks.BLOCK_BYTES;
    try {
      FileChannel relative = channel((int) (entry >>> BLOCK_BITS) - 1);
      while (block.hasRemaining()) {
        int count = relative.read(block, at);
        if (count < 0) {
          return false;
        }
        at += count;
      }
      return true;
    } catch (IOException unreadable) {
      return false;
    }
  }

  private synchronized FileChannel channel(int relative) throws IOException {
    FileChannel channel = open.get(relative);
    if (channel == null) {
      channel = FileChannel.open(relatives.get(relative).content(), StandardOpenOption.READ);
      open.put(relative, channel);
    }
    return channel;
  }

  @Override
  public synchronized void close() {
    arena.close();
    wanted.close();
    for (FileChannel channel : open.values()) {
      try {
        channel.close();
      } catch (IOException readingIsOver) {
        // nothing was written
      }
    }
    open.clear();
  }
}
