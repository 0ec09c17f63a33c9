package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.Zeros;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A file as it is after the replay of its log, which is done in memory: reading changes no file.
 * Only {@link #apply} does what the log says.
 */
final class ReplayedFile {
  private static final int ZEROS_AT_ONCE = 1 << 16;

  private final ImageFile file;
  private final Overlay overlay;
  private final long leastLength;

  ReplayedFile(ImageFile file, Overlay overlay, long leastLength) {
    this.file = file;
    this.overlay = overlay;
    this.leastLength = leastLength;
  }

  Path path() {
    return file.path();
  }

  /** The file itself, without what the log says. */
  ImageFile stored() {
    return file;
  }

  /** Whether the file itself is not yet what is read here. */
  boolean isChanged() {
    return !overlay.isEmpty() || leastLength > file.length();
  }

  long length() {
    return Math.max(file.length(), leastLength);
  }

  /** Fills the rest of {@code target}, or says that the file is too short. */
  void read(long offset, ByteBuffer target) {
    if (!isChanged() || offset < 0 || offset > length() - target.remaining()) {
      file.read(offset, target);
      return;
    }
    int limit = target.limit();
    long at = offset;
    while (target.position() < limit) {
      long end = at + limit - target.position();
      Optional<Map.Entry<Long, Overlay.Piece>> next = overlay.at(at);
      long pieceStart = next.map(Map.Entry::getKey).orElse(end);
      if (pieceStart > at) {
        end = Math.min(end, pieceStart);
        readStored(at, target.limit(target.position() + (int) (end - at)));
      } else {
        Overlay.Piece piece = next.orElseThrow().getValue();
        end = Math.min(end, piece.end());
        target.limit(target.position() + (int) (end - at));
        switch (piece) {
          case Overlay.Zeros _ -> Zeros.fill(target);
          case Overlay.Stored stored -> {
            int from = (int) (at - pieceStart);
            target.put(page(stored).slice(from, (int) (end - at)));
          }
        }
      }
      target.limit(limit);
      at = end;
    }
  }

  /** What the file has itself; zeros where only the log makes it so long. */
  private void readStored(long offset, ByteBuffer target) {
    int limit = target.limit();
    int inFile = Math.clamp(file.length() - offset, 0, target.remaining());
    if (inFile > 0) {
      file.read(offset, target.limit(target.position() + inFile));
    }
    Zeros.fill(target.limit(limit));
  }

  private ByteBuffer page(Overlay.Stored stored) {
    ByteBuffer page = Structures.buffer(SECTOR);
    file.read(stored.data(), page);
    return page.flip().putLong(0, stored.leading()).putInt(LogEntry.KEPT_TO, stored.trailing());
  }

  /** Writes what the log says to its places in the file, and makes the file as long as it says. */
  void apply() {
    ByteBuffer zeros = ByteBuffer.allocate(ZEROS_AT_ONCE);
    for (Map.Entry<Long, Overlay.Piece> entry : overlay.all()) {
      long at = entry.getKey();
      switch (entry.getValue()) {
        case Overlay.Stored stored -> file.write(at, page(stored));
        case Overlay.Zeros piece -> {
          long end = Math.min(piece.end(), file.length());
          for (; at < end; at += ZEROS_AT_ONCE) {
            file.write(at, zeros.clear().limit((int) Math.min(ZEROS_AT_ONCE, end - at)));
          }
        }
      }
    }
    if (file.length() < leastLength) {
      file.setLength(leastLength);
    }
  }
}
