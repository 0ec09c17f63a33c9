package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;
import static dev.ratoon.disk.vhdx.Structures.NO_GUID;
import static dev.ratoon.disk.vhdx.Structures.TABLE;

import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Writes all that a new file has before the first write of a guest, but for its headers. The layout
 * is that of docs/formats/vhdx.md, "What we write".
 */
final class NewVhdx {
  private static final String CREATOR = "Ratoon";
  private static final long LOG_AT = MIB;
  private static final long LOG_BYTES = MIB;
  private static final long METADATA_AT = LOG_AT + LOG_BYTES;
  private static final long METADATA_BYTES = MIB;
  private static final long BAT_AT = METADATA_AT + METADATA_BYTES;
  private static final int PHYSICAL_SECTOR = 4096;
  private static final int BAT_AT_ONCE = 1 << 16;

  private final ImageFile file;
  private final BlockGeometry geometry;
  private final boolean fixed;
  private final UUID diskId;
  private final Optional<ParentLocator> locator;

  private NewVhdx(
      ImageFile file,
      BlockGeometry geometry,
      boolean fixed,
      UUID diskId,
      Optional<ParentLocator> locator) {
    this.file = file;
    this.geometry = geometry;
    this.fixed = fixed;
    this.diskId = diskId;
    this.locator = locator;
  }

  /** Fills an empty file; its headers are still to be written. */
  static VhdxParts write(
      ImageFile file,
      long size,
      CreateOptions.Vhdx options,
      UUID diskId,
      Optional<ParentLocator> locator) {
    BlockGeometry geometry =
        new BlockGeometry(size, options.blockBytes(), options.sectorBytes(), locator.isPresent());
    boolean fixed = options.allocation() == Allocation.FIXED;
    NewVhdx made = new NewVhdx(file, geometry, fixed, diskId, locator);
    List<RegionTable.Region> regions =
        List.of(
            new RegionTable.Region(RegionTable.METADATA, METADATA_AT, METADATA_BYTES, true),
            new RegionTable.Region(RegionTable.BAT, BAT_AT, geometry.batBytes(), true));
    made.writeIdentifier();
    RegionTable.write(file, regions);
    made.writeMetadata();
    made.writeBat();
    Headers headers = Headers.unwritten(file, header());
    return VhdxParts.of(headers, new ReplayedFile(file, new Overlay(), 0));
  }

  private static VhdxHeader header() {
    return new VhdxHeader(
        1, UUID.randomUUID(), UUID.randomUUID(), NO_GUID, 0, VhdxParts.VERSION, LOG_BYTES, LOG_AT);
  }

  private void writeIdentifier() {
    byte[] creator = CREATOR.getBytes(StandardCharsets.UTF_16LE);
    ByteBuffer identifier = Structures.buffer(TABLE);
    Structures.sign(identifier, 0, VhdxParts.MAGIC);
    file.write(0, identifier.put(VhdxParts.MAGIC.length(), creator));
  }

  private void writeMetadata() {
    List<UUID> ids = new ArrayList<>();
    List<ByteBuffer> contents = new ArrayList<>();
    int flags = (fixed ? MetadataRegion.FIXED : 0);
    flags |= locator.isPresent() ? MetadataRegion.HAS_PARENT : 0;
    ids.add(MetadataRegion.PARAMETERS);
    contents.add(Structures.buffer(8).putInt(0, geometry.blockBytes()).putInt(4, flags));
    ids.add(MetadataRegion.SIZE);
    contents.add(Structures.buffer(8).putLong(0, geometry.size()));
    ids.add(MetadataRegion.DISK_ID);
    contents.add(Structures.buffer(16));
    Structures.putGuid(contents.getLast(), 0, diskId);
    ids.add(MetadataRegion.LOGICAL_SECTOR);
    contents.add(Structures.buffer(4).putInt(0, geometry.sectorBytes()));
    ids.add(MetadataRegion.PHYSICAL_SECTOR);
    contents.add(Structures.buffer(4).putInt(0, PHYSICAL_SECTOR));
    locator.ifPresent(parent -> {
      ids.add(MetadataRegion.LOCATOR);
      contents.add(LocatorCodec.encode(parent));
    });
    file.write(METADATA_AT, metadataTable(ids, contents));
    int at = TABLE;
    for (ByteBuffer content : contents) {
      int bytes = content.limit();
      file.write(METADATA_AT + at, content);
      at += bytes;
    }
    file.setLength(BAT_AT);
  }

  private static ByteBuffer metadataTable(List<UUID> ids, List<ByteBuffer> contents) {
    ByteBuffer table = Structures.buffer(TABLE);
    Structures.sign(table, 0, "metadata");
    table.putShort(10, (short) ids.size());
    int offset = TABLE;
    for (int i = 0; i < ids.size(); i++) {
      int at = MetadataRegion.HEADER_BYTES + i * MetadataRegion.ENTRY_BYTES;
      boolean ofFile =
          ids.get(i).equals(MetadataRegion.PARAMETERS) || ids.get(i).equals(MetadataRegion.LOCATOR);
      Structures.putGuid(table, at, ids.get(i));
      table.putInt(at + 16, offset).putInt(at + 20, contents.get(i).limit());
      table.putInt(at + 24, MetadataRegion.REQUIRED | (ofFile ? 0 : MetadataRegion.VIRTUAL_DISK));
      offset += contents.get(i).limit();
    }
    return table;
  }

  /** A hole, or the places of all blocks of a fixed disk, which are a hole themselves. */
  private void writeBat() {
    long blocksAt = BAT_AT + geometry.batBytes();
    if (fixed) {
      ByteBuffer some = Structures.buffer(BAT_AT_ONCE);
      long at = BAT_AT;
      for (long entry = 0; entry < geometry.entries(); entry++) {
        long place = blocksAt + geometry.start(geometry.blockOfEntry(entry));
        some.putLong(geometry.isBitmapEntry(entry) ? 0 : BlockState.FULL.entry(place));
        if (!some.hasRemaining()) {
          file.write(at, some.flip());
          at += BAT_AT_ONCE;
          some.clear();
        }
      }
      if (some.position() > 0) {
        file.write(at, some.flip());
      }
    }
    file.setLength(blocksAt + (fixed ? geometry.start(geometry.blocks()) : 0));
  }
}
