package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * Changes metadata so that a kill or a power loss leaves a file that the next opening reads or
 * repairs. The order of steps is that of docs/formats/vhdx.md, "Changes after that".
 *
 * <p>Between two calls of force() any part of what was written may have reached the disk. What
 * holds then:
 *
 * <ul>
 *   <li>The log's id is in the header only when an entry with this id is on the disk, so whoever
 *       finds the id finds something to replay.
 *   <li>The newest entry that is whole is the one to be replayed, alone: the changes of those
 *       before it are on the disk. It lies in one half of the log, so the next one does not touch
 *       it.
 *   <li>Replaying it once more than needed changes nothing: its pages are written to nowhere else
 *       before the next entry is on the disk.
 * </ul>
 *
 * <p>After a failure nothing more is written: the log stays as it is for the next opening. Not
 * thread-safe.
 */
final class Journal {
  private final ImageFile file;
  private final Headers headers;
  private boolean open;
  private boolean failed;
  private boolean identityChanged;
  private UUID log = Structures.NO_GUID;
  private long sequence;

  /**
   * @param identityChanged whether the identity that children record is a new one already
   */
  Journal(ImageFile file, Headers headers, boolean identityChanged) {
    this.file = file;
    this.headers = headers;
    this.identityChanged = identityChanged;
  }

  /**
   * Has to be called before anything else of the file is changed, or after that does nothing.
   *
   * @param guestSees whether a guest could read the change
   */
  void begin(boolean guestSees) {
    boolean newIdentity = guestSees && !identityChanged;
    if (open && !newIdentity) {
      return;
    }
    step(() -> {
      if (!open) {
        log = UUID.randomUUID();
        sequence = 0;
        enter(List.of(), file.length());
      }
      UUID identity = newIdentity ? UUID.randomUUID() : headers.current().dataWrite();
      UUID session = open ? headers.current().fileWrite() : UUID.randomUUID();
      headers.update(h -> h.withFileWrite(session).withDataWrite(identity).withLog(log));
      open = true;
      identityChanged |= newIdentity;
    });
  }

  /**
   * Writes pages to their places. All that was written to the file before is on the disk when this
   * returns; and each {@link LogEntry#MOST_PAGES} of the pages, in their order, are so together or
   * not at all.
   */
  void commit(List<Page> pages) {
    begin(false);
    step(() -> {
      for (int from = 0; from < pages.size(); from += LogEntry.MOST_PAGES) {
        int to = Math.min(pages.size(), from + LogEntry.MOST_PAGES);
        List<Page> group = pages.subList(from, to);
        long length = file.length();
        file.force();
        enter(group, length);
        file.force();
        group.forEach(page -> file.write(page.offset(), page.bytes()));
      }
    });
  }

  /** Writes the next entry into the half of the log that the last one is not in. */
  private void enter(List<Page> pages, long durableLength) {
    LogArea area = LogArea.of(file, headers.current());
    int at = sequence % 2 == 0 ? 0 : area.sectors() / 2;
    sequence++;
    file.write(area.place(at), LogEntry.encode(at, sequence, log, pages, durableLength));
  }

  /** Empties the log, when there is nothing more to be changed. */
  void end() {
    if (open && !failed) {
      step(() -> {
        headers.update(h -> h.withLog(Structures.NO_GUID));
        open = false;
      });
    }
  }

  boolean hasFailed() {
    return failed;
  }

  private void step(Runnable step) {
    if (failed) {
      throw Faults.unwritable(file.path(), new IOException("An earlier change of it failed."));
    }
    boolean done = false;
    try {
      step.run();
      done = true;
    } finally {
      failed |= !done;
    }
  }
}
