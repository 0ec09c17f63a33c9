package dev.ratoon.disk.vhd;

import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The bitmaps of a differencing file's blocks. Those that were changed are kept until they are
 * written; of the others the least recently used go.
 */
final class SectorBitmaps {
  private static final int KEPT_BYTES = 8 << 20;

  private final ImageFile file;
  private final BlockTable table;
  private final int blockBytes;
  private final Map<Integer, SectorBitmap> dirty = new HashMap<>();

  /** Taken to be written, and not there yet: what the file has is older. */
  private final Map<Integer, SectorBitmap> leaving = new HashMap<>();

  private final Map<Integer, SectorBitmap> clean;

  SectorBitmaps(ImageFile file, BlockTable table, int blockBytes) {
    this.file = file;
    this.table = table;
    this.blockBytes = blockBytes;
    int most = Math.max(16, KEPT_BYTES / SectorBitmap.bytes(blockBytes));
    this.clean =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<Integer, SectorBitmap> eldest) {
            return size() > most;
          }
        };
  }

  /** The bitmap of a block that is present. */
  synchronized SectorBitmap of(int block) {
    SectorBitmap known = dirty.getOrDefault(block, leaving.get(block));
    if (known == null) {
      known = clean.get(block);
    }
    if (known == null) {
      known = SectorBitmap.parse(file.bytes(table.bitmapAt(block), SectorBitmap.bytes(blockBytes)));
      clean.put(block, known);
    }
    return known;
  }

  /** Says that a block that gets its place just now has no sector yet. */
  synchronized void begin(int block) {
    dirty.put(block, SectorBitmap.empty(blockBytes));
  }

  /** Says that sectors are stored now. */
  synchronized void set(int block, int from, int to) {
    SectorBitmap bitmap = of(block);
    bitmap.set(from, to);
    dirty.put(block, bitmap);
    clean.remove(block);
  }

  /** Whether so much has changed that it should be written. */
  synchronized boolean isCrowded() {
    return (long) dirty.size() * SectorBitmap.bytes(blockBytes) > KEPT_BYTES;
  }

  synchronized boolean isDirty() {
    return !dirty.isEmpty();
  }

  /** A bitmap that is to be written, as it was when it was taken. */
  record Change(int block, ByteBuffer content) {}

  /** Takes what is to be written, as it is now; what changes later stays for the next time. */
  synchronized List<Change> takeChanges() {
    List<Change> changes = new ArrayList<>();
    dirty.forEach((block, bitmap) -> changes.add(new Change(block, bitmap.encode())));
    leaving.putAll(dirty);
    dirty.clear();
    return changes;
  }

  void write(List<Change> changes) {
    changes.forEach(change -> file.write(table.bitmapAt(change.block()), change.content()));
    synchronized (this) {
      leaving.forEach((block, bitmap) -> {
        if (!dirty.containsKey(block)) {
          clean.put(block, bitmap);
        }
      });
      leaving.clear();
    }
  }
}
