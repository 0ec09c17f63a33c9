package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;
import static dev.ratoon.disk.vhdx.Structures.TABLE;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.vhdx.MetadataRegion.Item;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Works out which pages of the metadata change when a file gets another parent. */
final class LocatorChange {
  private static final int ALIGNMENT = 8;

  private final ReplayedFile file;
  private final MetadataRegion metadata;
  private final NavigableMap<Long, ByteBuffer> pages = new TreeMap<>();

  private LocatorChange(ReplayedFile file, MetadataRegion metadata) {
    this.file = file;
    this.metadata = metadata;
  }

  /** The pages as they are to be, all of which have to be written at once. */
  static List<Page> pages(ReplayedFile file, MetadataRegion metadata, ParentLocator locator) {
    LocatorChange change = new LocatorChange(file, metadata);
    change.put(LocatorCodec.encode(locator));
    List<Page> pages = new ArrayList<>();
    change.pages.forEach((offset, bytes) -> pages.add(new Page(offset, bytes)));
    return pages;
  }

  private void put(ByteBuffer item) {
    Item old =
        metadata.items().stream()
            .filter(found -> found.isSystem(MetadataRegion.LOCATOR))
            .findFirst()
            .orElseThrow();
    long offset = gap(item.limit());
    ByteBuffer place = Structures.buffer(2 * Integer.BYTES);
    place.putInt(0, (int) offset).putInt(4, item.limit());
    write(old.entry() + 16L, place);
    write(offset, item);
  }

  /** Where the item can lie; its old place is free, for nothing of it is written by itself. */
  private long gap(int bytes) {
    List<Item> others =
        metadata.items().stream()
            .filter(item -> item.length() > 0 && !item.isSystem(MetadataRegion.LOCATOR))
            .sorted(Comparator.comparingLong(Item::offset))
            .toList();
    long at = TABLE;
    for (Item other : others) {
      if (other.offset() - at >= bytes) {
        return at;
      }
      at = Math.max(at, (other.offset() + other.length() + ALIGNMENT - 1) & -ALIGNMENT);
    }
    if (metadata.region().length() - at < bytes) {
      throw Faults.corrupt(file.path(), "Its metadata region has no room for a parent's name.");
    }
    return at;
  }

  /** Changes bytes at {@code offset} of the region. */
  private void write(long offset, ByteBuffer bytes) {
    long at = metadata.region().offset() + offset;
    while (bytes.hasRemaining()) {
      ByteBuffer page = pages.computeIfAbsent(at & -SECTOR, this::read);
      int from = (int) (at & (SECTOR - 1));
      int count = Math.min(bytes.remaining(), SECTOR - from);
      page.put(from, bytes, bytes.position(), count);
      bytes.position(bytes.position() + count);
      at += count;
    }
  }

  private ByteBuffer read(long offset) {
    ByteBuffer page = Structures.buffer(SECTOR);
    file.read(offset, page);
    return page.flip();
  }
}
