package dev.ratoon.cache.arrival;

import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.BlockFingerprints.Entry;
import dev.ratoon.disk.blocks.Blocks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalLong;

/**
 * Finds the blocks of a base among those of its relatives: first at the same offsets, by going
 * through both lists side by side; then anywhere, by the relatives' tables. The fingerprints are
 * looked up in batches, roughly in ascending order, so that each table is gone through from its
 * beginning to its end and its pages are touched once for a batch.
 */
final class Planner {
  private static final int BATCH = 1 << 17;
  private static final int BUCKET_BITS = 14;
  private static final int BUFFER_BYTES = 1 << 16;

  private final BlockFingerprints wanted;
  private final List<Relative> relatives;
  private final MemorySegment plan;
  private final long[] sameOffset;

  private Planner(BlockFingerprints wanted, List<Relative> relatives, MemorySegment plan) {
    this.wanted = wanted;
    this.relatives = relatives;
    this.plan = plan;
    this.sameOffset = new long[relatives.size()];
  }

  /**
   * Makes a plan in a new file.
   *
   * @param wanted the fingerprints of the base; the plan closes them
   * @throws IOException if the file cannot be written, or what is mapped cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with what is returned
  static Plan plan(BlockFingerprints wanted, List<Relative> relatives, Path file)
      throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      long bytes = wanted.fingerprints() * Long.BYTES;
      takeRoom(channel, bytes);
      MemorySegment plan = channel.map(MapMode.READ_WRITE, 0, bytes, arena);
      Planner planner = new Planner(wanted, relatives, plan);
      planner.findAtSameOffset();
      planner.findAnywhere();
      return new Plan(arena, plan, wanted, relatives, planner.sameOffset);
    } catch (InternalError fault) {
      // How the JVM says that mapped memory could not be read or written.
      arena.close();
      throw new IOException(fault.getMessage(), fault);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Room is taken by writing: to fill mapped memory that the file system cannot hold is fatal. */
  private static void takeRoom(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocate(BUFFER_BYTES);
    for (long left = bytes; left > 0; ) {
      left -= channel.write(zeros.clear().limit((int) Math.min(BUFFER_BYTES, left)));
    }
  }

  private void findAtSameOffset() {
    for (int i = 0; i < relatives.size(); i++) {
      BlockFingerprints relative = relatives.get(i).fingerprints();
      long other = 0;
      for (long n = 0; n < wanted.entries(); n++) {
        Entry entry = wanted.entry(n);
        while (other < relative.entries() && relative.entry(other).chunk() < entry.chunk()) {
          other++;
        }
        if (other == relative.entries()) {
          break;
        }
        Entry theirs = relative.entry(other);
        if (theirs.chunk() == entry.chunk()) {
          compare(entry, theirs, relative, i);
        }
      }
    }
  }

  private void compare(Entry entry, Entry theirs, BlockFingerprints relative, int index) {
    for (int left = entry.blocks() & theirs.blocks(); left != 0; left &= left - 1) {
      int before = Integer.lowestOneBit(left) - 1;
      long place = entry.first() + Integer.bitCount(entry.blocks() & before);
      long place2 = theirs.first() + Integer.bitCount(theirs.blocks() & before);
      if (wanted.fingerprint(place) == relative.fingerprint(place2)) {
        sameOffset[index]++;
        take(place, index, entry.chunk() * Blocks.IN_CHUNK + Integer.bitCount(before));
      }
    }
  }

  private void findAnywhere() {
    int[] order = new int[BATCH];
    int[] ends = new int[(1 << BUCKET_BITS) + 1];
    for (long first = 0; first < wanted.fingerprints(); first += BATCH) {
      int count = (int) Math.min(BATCH, wanted.fingerprints() - first);
      int open = sort(first, count, order, ends);
      for (int i = 0; i < relatives.size() && open > 0; i++) {
        find(first, order, open, i);
      }
    }
  }

  /** Puts what is not found yet into ascending order of the first bits; returns how many. */
  private int sort(long first, int count, int[] order, int[] ends) {
    java.util.Arrays.fill(ends, 0);
    for (int i = 0; i < count; i++) {
      ends[bucket(first + i) + 1] += isOpen(first + i) ? 1 : 0;
    }
    for (int i = 1; i < ends.length; i++) {
      ends[i] += ends[i - 1];
    }
    int open = ends[ends.length - 1];
    for (int i = 0; i < count; i++) {
      if (isOpen(first + i)) {
        order[ends[bucket(first + i)]++] = i;
      }
    }
    return open;
  }

  private int bucket(long place) {
    return (int) (wanted.fingerprint(place) >>> (Long.SIZE - BUCKET_BITS));
  }

  private void find(long first, int[] order, int open, int index) {
    BlockFingerprints relative = relatives.get(index).fingerprints();
    for (int i = 0; i < open; i++) {
      long place = first + order[i];
      if (isOpen(place)) {
        OptionalLong block = relative.find(wanted.fingerprint(place));
        if (block.isPresent()) {
          take(place, index, block.getAsLong());
        }
      }
    }
  }

  private boolean isOpen(long place) {
    return plan.getAtIndex(Plan.ENTRY, place) == 0;
  }

  private void take(long place, int relative, long block) {
    if (isOpen(place)) {
      plan.setAtIndex(Plan.ENTRY, place, (relative + 1L) << Plan.BLOCK_BITS | block);
    }
  }
}
