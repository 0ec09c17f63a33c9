package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The pages of a file's tables that are in memory, as many as a bound allows. Of those that are as
 * in the file, the least recently used go; those that were changed stay until they are written.
 */
final class Pages {
  /** More than this is not held even if they are small: each costs some memory besides. */
  private static final int MOST = 1 << 14;

  private final ImageFile file;
  private final int pageBytes;
  private final int most;
  private final Map<Long, Page> changed = new HashMap<>();
  private final Map<Long, Page> unchanged =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Page> eldest) {
          return size() > most;
        }
      };

  /**
   * @param pageBytes of each
   * @param mostBytes of all
   */
  Pages(ImageFile file, int pageBytes, int mostBytes) {
    this.file = file;
    this.pageBytes = pageBytes;
    this.most = Math.min(mostBytes / pageBytes, MOST);
  }

  /** The page that lies at {@code offset} of the file. */
  Page at(long offset) {
    synchronized (this) {
      @Nullable Page known = known(offset);
      if (known != null) {
        return known;
      }
    }
    // Read outside the lock: two threads may read the same page, of which one is used.
    if (offset > file.length() - pageBytes) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte " + file.length() + ", before its table at " + offset + ".");
    }
    Page read = new Page(offset, file.bytes(offset, pageBytes));
    synchronized (this) {
      @Nullable Page known = known(offset);
      if (known != null) {
        return known;
      }
      unchanged.put(offset, read);
      return read;
    }
  }

  private @Nullable Page known(long offset) {
    @Nullable Page page = changed.get(offset);
    return page != null ? page : unchanged.get(offset);
  }

  /** To be told of every page that was changed. */
  synchronized void changed(Page page) {
    if (changed.put(page.offset(), page) == null) {
      unchanged.remove(page.offset());
    }
  }

  /** Whether anything was changed and is yet to be written. */
  synchronized boolean anyChanged() {
    return !changed.isEmpty();
  }

  /** Whether so much was changed that it is time to write it back. */
  synchronized boolean crowded() {
    return changed.size() > most / 4;
  }

  /** Writes back what was changed, in the order of the file. */
  synchronized void writeBack() {
    List<Page> pages =
        changed.values().stream().sorted(Comparator.comparingLong(Page::offset)).toList();
    for (Page page : pages) {
      page.writeTo(file);
      changed.remove(page.offset());
      unchanged.put(page.offset(), page);
    }
  }
}
