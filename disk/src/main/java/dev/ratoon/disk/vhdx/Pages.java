package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The BAT and the sector bitmaps, in pages of 4 KiB: those that were used last, and all that were
 * changed and are not saved yet.
 *
 * <p>The words of a page never change: a change makes a new page. So whoever has a page sees one
 * state of it, without a lock, and what is being saved stays as it is.
 */
final class Pages {
  private static final int MOST_UNCHANGED = 2048;

  private final ReplayedFile file;
  private final Map<Long, long[]> changed = new HashMap<>();

  private final Map<Long, long[]> unchanged =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, long[]> eldest) {
          return size() > MOST_UNCHANGED;
        }
      };

  /** How many times pages were saved: what was read from the file before may be old since then. */
  private long saves;

  Pages(ReplayedFile file) {
    this.file = file;
  }

  /** The words at {@code offset} of the file, a multiple of 4 KiB. They must not be changed. */
  long[] page(long offset) {
    long seen;
    synchronized (this) {
      long[] known = known(offset);
      if (known.length > 0) {
        return known;
      }
      seen = saves;
    }
    // Read outside the lock: two threads may read the same page, which is harmless.
    long[] read = read(offset);
    synchronized (this) {
      long[] known = known(offset);
      if (known.length > 0) {
        return known;
      }
      long[] current = seen == saves ? read : read(offset);
      unchanged.put(offset, current);
      return current;
    }
  }

  /** The word at {@code offset} of the file, a multiple of 8. */
  long word(long offset) {
    return page(offset & -SECTOR)[index(offset)];
  }

  /**
   * The first page at {@code offset}, a multiple of 4 KiB, or behind it that is not known to be all
   * zeros because it lies in a hole of the file.
   */
  long behindHole(long offset) {
    if (file.isChanged()) {
      return offset;
    }
    // In this order: a page that is saved in between is in the file then.
    long waiting = firstChanged(offset);
    return Math.min(waiting, file.stored().nextData(offset) & -SECTOR);
  }

  private synchronized long firstChanged(long offset) {
    return changed.keySet().stream()
        .mapToLong(Long::longValue)
        .filter(page -> page >= offset)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** Where in its page the word at {@code offset} of the file is. */
  static int index(long offset) {
    return (int) (offset & (SECTOR - 1)) / Long.BYTES;
  }

  /** The words of a page that is in memory, or none. */
  private long[] known(long offset) {
    long[] page = changed.get(offset);
    if (page == null) {
      page = unchanged.get(offset);
    }
    return page == null ? new long[0] : page;
  }

  private long[] read(long offset) {
    ByteBuffer bytes = Structures.buffer(SECTOR);
    file.read(offset, bytes);
    long[] words = new long[Page.WORDS];
    bytes.flip().asLongBuffer().get(words);
    return words;
  }

  /** Changes the page at {@code offset}; {@code change} gets its words and may write to them. */
  void change(long offset, Consumer<long[]> change) {
    // Nobody else may change it meanwhile; the lock is held for the time of reading 4 KiB.
    synchronized (this) {
      long[] known = known(offset);
      long[] words = known.length > 0 ? known.clone() : read(offset);
      change.accept(words);
      changed.put(offset, words);
      unchanged.remove(offset);
    }
  }

  void changeWord(long offset, long value) {
    change(offset & -SECTOR, words -> words[index(offset)] = value);
  }

  /** How many pages wait to be saved. */
  synchronized int changes() {
    return changed.size();
  }

  /** The pages that wait to be saved, in no order. */
  synchronized Map<Long, long[]> changed() {
    return new HashMap<>(changed);
  }

  /** These are in the file now; whatever was changed again since waits on. */
  synchronized void saved(Map<Long, long[]> pages) {
    saves++;
    pages.forEach((offset, words) -> {
      // Arrays are equal only if they are the same one.
      if (changed.remove(offset, words)) {
        unchanged.put(offset, words);
      }
    });
  }
}
