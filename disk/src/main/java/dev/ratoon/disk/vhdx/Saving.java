package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.file.ImageFile;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Decides when and how changed pages of BAT and bitmaps get to the file. A new file is not one that
 * can be opened until it is completed, so it needs no log; every other one does. What a kill may
 * leave is in docs/formats/vhdx.md, "What we write".
 */
final class Saving {
  /** So many pages may wait: 4 MiB. */
  private static final int MOST_WAITING = 1024;

  private final ImageFile file;
  private final VhdxParts parts;
  private final Journal journal;
  private volatile boolean complete;
  private volatile boolean begun;
  private volatile boolean contentFailed;

  private Saving(VhdxParts parts, boolean complete) {
    this.file = parts.file().stored();
    this.parts = parts;
    this.complete = complete;
    this.begun = !complete;
    this.journal = new Journal(file, parts.headers(), !complete);
  }

  /** Of a file whose headers are not written yet. */
  static Saving ofNew(VhdxParts parts) {
    return new Saving(parts, false);
  }

  static Saving ofExisting(VhdxParts parts) {
    return new Saving(parts, true);
  }

  /** Has to be called before the disk's content is changed in the file; is cheap. */
  void beforeChange() {
    if (!begun) {
      begin();
    }
  }

  private synchronized void begin() {
    journal.begin(true);
    begun = true;
  }

  /** Does something that changes the content of the disk. */
  void change(Runnable change) {
    boolean done = false;
    try {
      change.run();
      done = true;
    } finally {
      if (!done) {
        contentFailed = true;
      }
    }
    if (parts.pages().changes() > MOST_WAITING) {
      synchronized (this) {
        if (parts.pages().changes() > MOST_WAITING) {
          save();
        }
      }
    }
  }

  /** Makes all that was changed before durable. */
  synchronized void flush() {
    if (complete) {
      if (parts.pages().changes() > 0) {
        save();
      } else {
        file.force();
      }
    } else {
      save();
      file.force();
      parts.headers().writeFirst();
      file.force();
      complete = true;
    }
  }

  /** Durably changes pages that are not of BAT or bitmaps, all at once. */
  synchronized void commit(Supplier<List<Page>> pages) {
    flush();
    journal.commit(pages.get());
  }

  /**
   * Leaves the file clean; does not wait for the disk unless what a kill would leave asks for it.
   */
  synchronized void finish() {
    if (journal.hasFailed() || (!complete && contentFailed)) {
      // The next opening makes good the one, and refuses the other.
      return;
    }
    if (complete) {
      if (parts.pages().changes() > 0) {
        save();
      }
      journal.end();
    } else {
      save();
      if (parts.geometry().differencing()) {
        // Or else bits could get to the disk without the sectors that they say are there.
        file.force();
      }
      parts.headers().writeFirst();
      complete = true;
    }
  }

  private void save() {
    Map<Long, long[]> changed = parts.pages().changed();
    List<Page> ordered =
        changed.entrySet().stream()
            .sorted(Map.Entry.comparingByKey(savingOrder()))
            .map(entry -> Page.of(entry.getKey(), entry.getValue()))
            .toList();
    if (complete) {
      journal.commit(ordered);
    } else {
      ordered.forEach(page -> file.write(page.offset(), page.bytes()));
    }
    parts.pages().saved(changed);
  }

  /**
   * Bitmaps before the BAT, and that from its end: an entry depends on none that is saved later.
   */
  private Comparator<Long> savingOrder() {
    long start = parts.map().entryAt(0);
    long end = start + parts.geometry().entries() * Long.BYTES;
    Comparator<Long> batLast = Comparator.comparing(offset -> offset >= start && offset < end);
    return batLast.thenComparing(Comparator.reverseOrder());
  }
}
