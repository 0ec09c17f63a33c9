package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;
import static dev.ratoon.disk.vhdx.Structures.TABLE;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** What a file says of its disk as a whole. See docs/formats/vhdx.md, "Metadata". */
final class MetadataRegion {
  static final UUID PARAMETERS = UUID.fromString("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
  static final UUID SIZE = UUID.fromString("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
  static final UUID DISK_ID = UUID.fromString("beca12ab-b2e6-4523-93ef-c309e000c746");
  static final UUID LOGICAL_SECTOR = UUID.fromString("8141bf1d-a96f-4709-ba47-f233a8faab5f");
  static final UUID PHYSICAL_SECTOR = UUID.fromString("cda348c7-445d-4471-9cc9-e9885251c556");
  static final UUID LOCATOR = UUID.fromString("a8d35f2d-b30b-454d-abf7-d3d84834ab0c");

  static final int USER = 1;
  static final int VIRTUAL_DISK = 2;
  static final int REQUIRED = 4;

  /** Flags of the file parameters. */
  static final int FIXED = 1;

  static final int HAS_PARENT = 2;

  static final int HEADER_BYTES = 32;
  static final int ENTRY_BYTES = 32;
  static final int MOST_ENTRIES = 2047;

  private static final Set<UUID> KNOWN =
      Set.of(PARAMETERS, SIZE, DISK_ID, LOGICAL_SECTOR, PHYSICAL_SECTOR, LOCATOR);
  private static final int SMALLEST_BLOCK = 1 << 20;
  private static final int LARGEST_BLOCK = 256 << 20;
  private static final int LARGE_SECTOR = 4096;

  /** More than a parent locator of the longest paths has. */
  private static final int MOST_LOCATOR_BYTES = 256 << 10;

  /**
   * An item of the table.
   *
   * @param entry where its entry is in the table
   * @param offset from the beginning of the region
   */
  record Item(UUID id, int entry, long offset, long length, int flags) {
    boolean isSystem(UUID wanted) {
      return id.equals(wanted) && (flags & USER) == 0;
    }
  }

  private final ReplayedFile file;
  private final RegionTable.Region region;
  private final List<Item> items;
  private final BlockGeometry geometry;
  private final boolean fixed;
  private final UUID diskId;
  private final Optional<ParentLocator> locator;

  MetadataRegion(ReplayedFile file, RegionTable.Region region) {
    this.file = file;
    this.region = region;
    this.items = readTable();
    ByteBuffer parameters = required(PARAMETERS, 8);
    int flags = parameters.getInt(4);
    boolean child = (flags & HAS_PARENT) != 0;
    this.fixed = (flags & FIXED) != 0 && !child;
    this.geometry =
        geometry(
            parameters.getInt(0),
            required(SIZE, 8).getLong(0),
            required(LOGICAL_SECTOR, 4).getInt(0),
            child);
    this.diskId = Structures.guid(required(DISK_ID, 16), 0);
    this.locator = child ? Optional.of(readLocator()) : Optional.empty();
  }

  private Path path() {
    return file.path();
  }

  private List<Item> readTable() {
    ByteBuffer table = Structures.buffer(TABLE);
    file.read(region.offset(), table);
    int count = table.getShort(10) & 0xffff;
    if (!Structures.isSigned(table, 0, "metadata") || count > MOST_ENTRIES) {
      throw Faults.corrupt(path(), "Its metadata table is not valid.");
    }
    List<Item> read = new ArrayList<>();
    Set<List<Object>> seen = new HashSet<>();
    for (int i = 0; i < count; i++) {
      Item item = item(table, HEADER_BYTES + i * ENTRY_BYTES);
      if (!seen.add(List.of(item.id, item.flags & USER))) {
        throw Faults.corrupt(path(), "It has the metadata item " + item.id + " twice.");
      }
      read.add(item);
    }
    return read;
  }

  private Item item(ByteBuffer table, int at) {
    Item item =
        new Item(
            Structures.guid(table, at),
            at,
            table.getInt(at + 16) & 0xffff_ffffL,
            table.getInt(at + 20) & 0xffff_ffffL,
            table.getInt(at + 24));
    boolean empty = item.length == 0 && item.offset == 0;
    if (!empty
        && (item.offset < TABLE
            || item.length > MIB
            || item.offset + item.length > region.length())) {
      throw Faults.corrupt(path(), "Its metadata item " + item.id + " lies where it must not.");
    }
    if ((item.flags & REQUIRED) != 0 && ((item.flags & USER) != 0 || !KNOWN.contains(item.id))) {
      throw Faults.unsupported(
          path(),
          "It needs the metadata item " + item.id + ", which is unknown here.",
          "Convert it with the program that made it.");
    }
    return item;
  }

  private Optional<Item> find(UUID id) {
    return items.stream().filter(item -> item.isSystem(id)).findFirst();
  }

  /** The first bytes of an item that has to be there and as long. */
  private ByteBuffer required(UUID id, int bytes) {
    Item item =
        find(id)
            .filter(found -> found.length >= bytes)
            .orElseThrow(() -> Faults.corrupt(path(), "Its metadata item " + id + " is missing."));
    return content(item, bytes);
  }

  private ByteBuffer content(Item item, int bytes) {
    ByteBuffer content = Structures.buffer(bytes);
    file.read(region.offset() + item.offset, content);
    return content.flip();
  }

  private BlockGeometry geometry(int blockBytes, long size, int sectorBytes, boolean child) {
    if (Integer.bitCount(blockBytes) != 1
        || blockBytes < SMALLEST_BLOCK
        || blockBytes > LARGEST_BLOCK) {
      throw Faults.corrupt(
          path(), "Its blocks would have " + Integer.toUnsignedString(blockBytes) + " bytes.");
    }
    if (sectorBytes != Limits.SECTOR_BYTES && sectorBytes != LARGE_SECTOR) {
      throw Faults.corrupt(
          path(), "Its sectors would have " + Integer.toUnsignedString(sectorBytes) + " bytes.");
    }
    if (size <= 0 || size % sectorBytes != 0 || size > Limits.MAX_DISK_BYTES) {
      throw Faults.corrupt(
          path(), "It claims a disk of " + Long.toUnsignedString(size) + " bytes.");
    }
    return new BlockGeometry(size, blockBytes, sectorBytes, child);
  }

  private ParentLocator readLocator() {
    Item item =
        find(LOCATOR)
            .orElseThrow(() -> Faults.corrupt(path(), "It has a parent, but not its name."));
    if (item.length > MOST_LOCATOR_BYTES) {
      throw Faults.corrupt(path(), "What it says of its parent is too long.");
    }
    return LocatorCodec.parse(content(item, (int) item.length), path());
  }

  BlockGeometry geometry() {
    return geometry;
  }

  /** Whether all blocks stay where they are. */
  boolean fixed() {
    return fixed;
  }

  UUID diskId() {
    return diskId;
  }

  Optional<ParentLocator> locator() {
    return locator;
  }

  RegionTable.Region region() {
    return region;
  }

  List<Item> items() {
    return items;
  }
}
