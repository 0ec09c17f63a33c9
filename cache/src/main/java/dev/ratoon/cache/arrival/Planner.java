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
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * Finds the blocks of a base among those of its relatives: first at the same offsets, by going
 * through both lists side by side; then anywhere, by the relatives' tables. The fingerprints are
 * looked up in batches, roughly in ascending order, so that each table is gone through from its
 * beginning to its end and its pages are touched once for a batch.
 *
 * <p>A cache may have hundreds of bases that are no relatives at all. They are told by a sample:
 * the fingerprints of the base with the smallest values, which lie at the beginning of each table
 * (as in Broder, On the resemblance and containment of documents, 1997). Who has none of those is
 * not gone through. So a few blocks that only such a base has may travel after all, which takes
 * less time than to look for them; see docs/decisions/0020-relatives-by-a-sample.md.
 */
final class Planner {
  private static final int BATCH = 1 << 17;
  private static final int BUCKET_BITS = 14;
  private static final int BUFFER_BYTES = 1 << 16;

  /** So many fingerprints make a sample, or more. */
  private static final int SAMPLE = 1 << 13;

  /** At least one in so many is sampled: who has a few hundred blocks is hardly missed. */
  private static final long LARGEST_SHARE = 32;

  private final BlockFingerprints wanted;
  private final List<Relative> relatives;

  /** Which of the relatives share something with the base. */
  private final boolean[] related;

  private final MemorySegment plan;
  private final long[] sameOffset;

  private Planner(BlockFingerprints wanted, List<Relative> relatives, MemorySegment plan) {
    this.wanted = wanted;
    this.relatives = relatives;
    this.plan = plan;
    this.sameOffset = new long[relatives.size()];
    this.related = new boolean[relatives.size()];
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
      planner.tellRelated();
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

  private void tellRelated() {
    long[] sample = sample();
    for (int i = 0; i < relatives.size(); i++) {
      BlockFingerprints relative = relatives.get(i).fingerprints();
      related[i] =
          sample.length == 0
              || !relative.hasTable()
              || Arrays.stream(sample).anyMatch(sampled -> relative.find(sampled).isPresent());
    }
  }

  /**
   * The smallest fingerprints, in ascending order; none of a base that is small itself, or that
   * repeats itself so much that they say little.
   */
  private long[] sample() {
    long all = wanted.fingerprints();
    long share = Math.min(LARGEST_SHARE, Long.highestOneBit(Math.max(1, all / SAMPLE)));
    if (share == 1) {
      return new long[0];
    }
    long largest = Long.divideUnsigned(-1, share);
    long most = 4 * all / share; // what comes from elsewhere may be made to be sampled
    long[] sample =
        LongStream.range(0, all)
            .map(wanted::fingerprint)
            .filter(fingerprint -> Long.compareUnsigned(fingerprint, largest) <= 0)
            .limit(most)
            .toArray();
    Arrays.sort(sample); // none is negative
    long different = Arrays.stream(sample).distinct().count();
    return different < SAMPLE / 2 || sample.length == most ? new long[0] : sample;
  }

  private void findAtSameOffset() {
    for (int i = 0; i < relatives.size(); i++) {
      if (related[i]) {
        findAtSameOffset(i);
      }
    }
  }

  private void findAtSameOffset(int index) {
    BlockFingerprints relative = relatives.get(index).fingerprints();
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
        compare(entry, theirs, relative, index);
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
    long[] fingerprints = new long[BATCH];
    int[] order = new int[BATCH];
    int[] ends = new int[(1 << BUCKET_BITS) + 1];
    for (long first = 0; first < wanted.fingerprints(); first += BATCH) {
      int count = (int) Math.min(BATCH, wanted.fingerprints() - first);
      int open = sort(first, count, fingerprints, order, ends);
      for (int i = 0; i < relatives.size() && open > 0; i++) {
        if (related[i]) {
          open = find(first, fingerprints, order, open, i);
        }
      }
    }
  }

  /**
   * Puts what is not found yet into ascending order of the first bits: the fingerprints, and where
   * in the batch each of them is. Returns how many.
   */
  private int sort(long first, int count, long[] fingerprints, int[] order, int[] ends) {
    Arrays.fill(ends, 0);
    for (int i = 0; i < count; i++) {
      ends[bucket(wanted.fingerprint(first + i)) + 1] += isOpen(first + i) ? 1 : 0;
    }
    for (int i = 1; i < ends.length; i++) {
      ends[i] += ends[i - 1];
    }
    int open = ends[ends.length - 1];
    for (int i = 0; i < count; i++) {
      if (isOpen(first + i)) {
        long fingerprint = wanted.fingerprint(first + i);
        int place = ends[bucket(fingerprint)]++;
        fingerprints[place] = fingerprint;
        order[place] = i;
      }
    }
    return open;
  }

  private static int bucket(long fingerprint) {
    return (int) (fingerprint >>> (Long.SIZE - BUCKET_BITS));
  }

  /** Looks for them in one relative. Those that it lacks stay, in their order; returns how many. */
  private int find(long first, long[] fingerprints, int[] order, int open, int index) {
    BlockFingerprints relative = relatives.get(index).fingerprints();
    int left = 0;
    for (int i = 0; i < open; i++) {
      OptionalLong block = relative.find(fingerprints[i]);
      if (block.isPresent()) {
        take(first + order[i], index, block.getAsLong());
      } else {
        fingerprints[left] = fingerprints[i];
        order[left] = order[i];
        left++;
      }
    }
    return left;
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
