package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;
import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;

/**
 * The ring of sectors that is the log.
 *
 * @param offset where it begins in the file
 * @param sectors at least 256
 */
record LogArea(ImageFile file, long offset, int sectors) {
  /** The largest log that is replayed. */
  private static final long MOST_BYTES = 256 << 20;

  /** The log that {@code header} speaks of, if it can be one. */
  static LogArea of(ImageFile file, VhdxHeader header) {
    long offset = header.logOffset();
    long length = header.logLength();
    if (offset < MIB || offset % MIB != 0 || length < MIB || length % MIB != 0) {
      throw Faults.corrupt(
          file.path(), "Its log would have " + length + " bytes at " + offset + ".");
    }
    if (offset > file.length() - length) {
      throw Faults.truncated(
          file.path(), "It ends at byte " + file.length() + ", within or before its log.");
    }
    if (length > MOST_BYTES) {
      throw Faults.unsupported(
          file.path(),
          "Its log is larger than 256 MiB.",
          "Open it once with the program that wrote it.");
    }
    return new LogArea(file, offset, (int) (length / SECTOR));
  }

  /** Where a sector lies in the file; behind the last comes the first. */
  long place(int sector) {
    return offset + (long) (sector % sectors) * SECTOR;
  }

  /** Reads one sector into {@code target}, a buffer of that size. */
  void read(int sector, ByteBuffer target) {
    file.read(place(sector), target.clear());
    target.flip();
  }
}
