package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.LogEntry.DESCRIPTOR_BYTES;
import static dev.ratoon.disk.vhdx.LogEntry.HEADER_BYTES;
import static dev.ratoon.disk.vhdx.Structures.MOST_FILE_BYTES;
import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.List;

/** Replays the log of a file in memory. */
final class LogReplay {
  private static final int MOST_PIECES = 1 << 17;

  /** Before this lie the file's identifier and its headers, which no log may change. */
  private static final long FIRST_CHANGEABLE = 192 << 10;

  private final LogArea area;
  private final Overlay overlay = new Overlay();
  private final ByteBuffer sector = Structures.buffer(SECTOR);
  private long length;

  private LogReplay(LogArea area) {
    this.area = area;
    this.length = area.file().length();
  }

  /** The file as it would be after a replay; itself if there is nothing to replay. */
  static ReplayedFile of(ImageFile file, VhdxHeader header) {
    if (!header.hasLog()) {
      return new ReplayedFile(file, new Overlay(), 0);
    }
    if (header.logVersion() != 0) {
      throw Faults.unsupported(
          file.path(),
          "Its log is of version " + header.logVersion() + ", and has to be replayed.",
          "Open it once with the program that wrote it.");
    }
    LogReplay replay = new LogReplay(LogArea.of(file, header));
    return replay.replayed(LogScan.activeSequence(replay.area, header.log()));
  }

  private ReplayedFile replayed(List<LogScan.Located> entries) {
    ImageFile file = area.file();
    LogEntry newest = entries.getLast().entry();
    if (Long.compareUnsigned(newest.flushed(), file.length()) > 0) {
      throw Faults.truncated(
          file.path(),
          "It ends at byte "
              + file.length()
              + "; its log says that it had "
              + Long.toUnsignedString(newest.flushed())
              + ".");
    }
    if (newest.last() < 0 || newest.last() > MOST_FILE_BYTES) {
      throw forbidden("make it " + Long.toUnsignedString(newest.last()) + " bytes long");
    }
    entries.forEach(this::replay);
    return new ReplayedFile(file, overlay, Math.max(length, newest.last()));
  }

  private void replay(LogScan.Located located) {
    LogEntry entry = located.entry();
    int data = located.at() + entry.descriptorSectors();
    for (int i = 0; i < entry.descriptorSectors(); i++) {
      area.read(located.at() + i, sector);
      int left = entry.descriptors() - LogEntry.descriptorsBefore(i);
      for (int at = i == 0 ? HEADER_BYTES : 0; at < SECTOR && left > 0; at += DESCRIPTOR_BYTES) {
        if (Structures.isSigned(sector, at, "desc")) {
          store(at, area.place(data));
          data++;
        } else {
          zero(at);
        }
        left--;
      }
    }
  }

  private void store(int at, long data) {
    long offset = sector.getLong(at + 16);
    check(offset, SECTOR);
    overlay.store(offset, data, sector.getLong(at + 8), sector.getInt(at + 4));
  }

  private void zero(int at) {
    long offset = sector.getLong(at + 16);
    long bytes = sector.getLong(at + 8);
    check(offset, bytes);
    overlay.zero(offset, bytes);
  }

  private void check(long offset, long bytes) {
    if (offset < FIRST_CHANGEABLE
        || offset > MOST_FILE_BYTES
        || bytes < 0
        || bytes > MOST_FILE_BYTES) {
      throw forbidden("write " + bytes + " bytes at " + offset);
    }
    if (offset < area.place(0) + (long) area.sectors() * SECTOR && offset + bytes > area.place(0)) {
      throw forbidden("change itself");
    }
    if (overlay.size() >= MOST_PIECES) {
      throw Faults.unsupported(
          area.file().path(),
          "Its log changes too many places.",
          "Open it once with the program that wrote it.");
    }
    length = Math.max(length, offset + bytes);
  }

  private RatoonException forbidden(String what) {
    return Faults.corrupt(area.file().path(), "Its log would " + what + ".");
  }
}
