package dev.ratoon.cache.arrival;

import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.BlockFingerprints.Entry;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
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
  private final Map<Integer, VirtualDisk> open = new HashMap<>();

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
      blocks.put(relatives.get(i).base().id(), sameOffset[i]);
    }
    return blocks;
  }

  /** How many blocks of the base are not zero. */
  long blocks() {
    return wanted.fingerprints();
  }

  /** How many of those some relative has. */
  long localBlocks() {
    long local = 0;
    for (long place = 0; place < wanted.fingerprints(); place++) {
      local += entries.getAtIndex(ENTRY, place) == 0 ? 0 : 1;
    }
    return local;
  }

  Relative relative(int number) {
    return relatives.get(number);
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
    ByteBuffer rest = fetched.duplicate();
    for (int i = 0; i < Blocks.IN_CHUNK; i++) {
      int from = i * Blocks.BLOCK_BYTES;
      int length = Math.min(Blocks.BLOCK_BYTES, target.limit() - from);
      if (length <= 0) {
        if (((parts.local() | parts.missing()) >>> i) != 0) {
          return false;
        }
        break;
      }
      if ((parts.missing() >>> i & 1) != 0) {
        target.put(from, rest, rest.position(), length);
        rest.position(rest.position() + length);
      } else if ((parts.local() >>> i & 1) == 0) {
        Zeros.fill(target.slice(from, length));
      }
    }
    return runs(chunk, parts.local()).stream().allMatch(run -> take(run, target));
  }

  /** Where the blocks of a chunk that are taken from relatives lie, as few runs as there are. */
  List<BlockRun> runs(long chunk, int local) {
    if (local == 0) {
      return List.of();
    }
    List<BlockRun> runs = new ArrayList<>();
    Entry entry = wanted.entry(wanted.search(chunk));
    for (int left = local; left != 0; left &= left - 1) {
      int first = Integer.numberOfTrailingZeros(left);
      long place = entry.first() + Integer.bitCount(entry.blocks() & ((1 << first) - 1));
      long found = entries.getAtIndex(ENTRY, place);
      int relative = (int) (found >>> BLOCK_BITS) - 1;
      long from = found & BLOCK_MASK;
      BlockRun last = runs.isEmpty() ? new BlockRun(-1, 0, 0, 0) : runs.getLast();
      boolean continues =
          last.relative() == relative
              && last.first() + last.count() == first
              && last.from() + last.count() == from;
      if (continues) {
        runs.set(
            runs.size() - 1,
            new BlockRun(relative, last.from(), last.first(), last.count() + 1));
      } else {
        runs.add(new BlockRun(relative, from, first, 1));
      }
    }
    return runs;
  }

  private boolean take(BlockRun run, ByteBuffer target) {
    int from = run.first() * Blocks.BLOCK_BYTES;
    int length = Math.min(run.count() * Blocks.BLOCK_BYTES, target.limit() - from);
    long at = run.from() * Blocks.BLOCK_BYTES;
    try {
      VirtualDisk relative = disk(run.relative());
      if (at + length > relative.size()) {
        return false;
      }
      relative.read(at, target.slice(from, length));
      return true;
    } catch (RatoonException unreadable) {
      return false;
    }
  }

  private synchronized VirtualDisk disk(int relative) {
    return open.computeIfAbsent(relative, number -> relatives.get(number).opener().get());
  }

  @Override
  public synchronized void close() {
    arena.close();
    wanted.close();
    open.values().forEach(VirtualDisk::close);
    open.clear();
  }
}
