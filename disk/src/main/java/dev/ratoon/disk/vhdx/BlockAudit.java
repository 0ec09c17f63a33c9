package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;
import static dev.ratoon.disk.vhdx.Structures.MOST_FILE_BYTES;
import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.util.BitSet;
import java.util.function.Consumer;

/**
 * Walks the BAT once: before anything is read through that of a stranger's file, before a file is
 * written to, and when one is examined. No place of the file may serve twice, or else a small file
 * could stand for 64 TiB of data, and two places of the guest's disk would change together if
 * anybody wrote to it.
 */
final class BlockAudit {
  private final VhdxParts parts;
  private final ImageFile stored;
  private final Consumer<RatoonException> found;

  /** One bit for each MiB of the file that something refers to. */
  private final BitSet used = new BitSet();

  /** The same for entries whose place has no meaning: it is not to be trusted, nor to be reused. */
  private final BitSet mentioned = new BitSet();

  private BlockAudit(VhdxParts parts, Consumer<RatoonException> found) {
    this.parts = parts;
    this.stored = parts.file().stored();
    this.found = found;
  }

  /** Refuses a file whose BAT is not sound. Answers which MiB of the file something refers to. */
  static BitSet check(VhdxParts parts) {
    return walk(
        parts,
        problem -> {
          throw problem;
        });
  }

  /** The same, but everything that is wrong goes to {@code found}. */
  static BitSet walk(VhdxParts parts, Consumer<RatoonException> found) {
    if (parts.file().length() > MOST_FILE_BYTES) {
      throw Faults.unsupported(
          parts.file().path(), "It is larger than 256 TiB.", "Use a smaller file.");
    }
    BlockAudit audit = new BlockAudit(parts, found);
    audit.structures();
    audit.blocks();
    audit.used.or(audit.mentioned);
    return audit.used;
  }

  private void structures() {
    use("header section", 0, MIB);
    VhdxHeader header = parts.headers().current();
    if (header.logLength() > 0) {
      use("log", header.logOffset(), header.logLength());
    }
    for (RegionTable.Region region : parts.regions().regions()) {
      use("region " + region.id(), region.offset(), region.length());
    }
  }

  private void blocks() {
    long bat = parts.map().entryAt(0);
    long entries = parts.geometry().entries();
    long page = 0;
    while (page * Page.WORDS < entries) {
      long at = bat + page * SECTOR;
      long data = parts.pages().behindHole(at);
      if (data > at) {
        // A hole of the file: all these blocks are not present.
        page += (data - at) / SECTOR;
      } else {
        page(page * Page.WORDS, parts.pages().page(at));
        page++;
      }
    }
  }

  private void page(long firstEntry, long[] words) {
    int count = (int) Math.min(words.length, parts.geometry().entries() - firstEntry);
    for (int i = 0; i < count; i++) {
      if (words[i] != 0) {
        try {
          entry(firstEntry + i, words[i]);
        } catch (RatoonException e) {
          found.accept(e);
        }
      }
    }
  }

  private void entry(long index, long entry) {
    BlockGeometry geometry = parts.geometry();
    if (geometry.isBitmapEntry(index)) {
      if (geometry.differencing()) {
        bitmap(geometry.chunkOfEntry(index), entry);
      }
      return;
    }
    long block = geometry.blockOfEntry(index);
    parts.map().judged(block, entry);
    switch (BlockState.of(entry)) {
      case FULL, PARTIAL -> payload(block, entry);
      case NOT_PRESENT, UNDEFINED, ZERO, UNMAPPED, RESERVED_4, RESERVED_5 ->
          mention(BlockState.place(entry), geometry.blockBytes());
    }
  }

  private void bitmap(long chunk, long entry) {
    long place = parts.map().judgedBitmap(chunk, entry);
    if (place != 0) {
      use("bitmap " + chunk, place, MIB);
    }
  }

  private void payload(long block, long entry) {
    BlockGeometry geometry = parts.geometry();
    use("block " + block, BlockState.place(entry), geometry.blockBytes());
    boolean partial = BlockState.of(entry) == BlockState.PARTIAL;
    if (partial && parts.map().bitmap(geometry.chunk(block)) == 0) {
      throw Faults.corrupt(
          stored.path(), "Its block " + block + " is present in part, but it is not said which.");
    }
  }

  private void use(String what, long offset, long bytes) {
    if (offset < 0 || bytes < 0 || offset >= stored.length()) {
      found.accept(
          Faults.truncated(
              stored.path(),
              "Its " + what + " lies at byte " + offset + ", behind the end of the file."));
      return;
    }
    int from = (int) (offset / MIB);
    int to = (int) ((Math.min(offset + bytes, stored.length()) + MIB - 1) / MIB);
    int taken = used.nextSetBit(from);
    if (taken >= 0 && taken < to) {
      found.accept(
          Faults.corrupt(
              stored.path(),
              "Its " + what + " lies where something else does, at byte " + offset + "."));
    }
    used.set(from, to);
  }

  private void mention(long offset, long bytes) {
    if (offset > 0 && offset < stored.length()) {
      long end = Math.min(offset + bytes, stored.length());
      mentioned.set((int) (offset / MIB), (int) ((end + MIB - 1) / MIB));
    }
  }
}
