package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;
import static dev.ratoon.disk.vhdx.Structures.MOST_FILE_BYTES;
import static dev.ratoon.disk.vhdx.Structures.TABLE;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Where the regions of a file lie. See docs/formats/vhdx.md.
 *
 * @param regions all of them, those included that are unknown here and not required
 * @param damaged whether one of the two copies is
 */
record RegionTable(List<Region> regions, boolean damaged) {
  static final UUID BAT = UUID.fromString("2dc27766-f623-4200-9d64-115e9bfd4a08");
  static final UUID METADATA = UUID.fromString("8b7ca206-4790-4b9a-b8fe-575f050f886e");

  private static final long[] PLACES = {192 << 10, 256 << 10};
  private static final int MOST_ENTRIES = 2047;
  private static final int HEADER_BYTES = 16;
  private static final int ENTRY_BYTES = 32;

  /** A stretch of whole MiB of the file. */
  record Region(UUID id, long offset, long length, boolean required) {}

  RegionTable {
    regions = List.copyOf(regions);
  }

  static RegionTable read(ReplayedFile file) {
    Optional<ByteBuffer> first = at(file, PLACES[0]);
    Optional<ByteBuffer> second = at(file, PLACES[1]);
    ByteBuffer table =
        first
            .or(() -> second)
            .orElseThrow(
                () -> Faults.corrupt(file.path(), "Both copies of its region table are damaged."));
    List<Region> regions = entries(table, file.path());
    return new RegionTable(regions, first.isEmpty() || second.isEmpty());
  }

  private static Optional<ByteBuffer> at(ReplayedFile file, long place) {
    ByteBuffer table = Structures.buffer(TABLE);
    file.read(place, table);
    table.flip();
    boolean whole = Structures.isSigned(table, 0, "regi") && Structures.isWhole(table);
    return whole ? Optional.of(table) : Optional.empty();
  }

  private static List<Region> entries(ByteBuffer table, Path file) {
    int count = table.getInt(8);
    if (count < 0 || count > MOST_ENTRIES) {
      throw Faults.corrupt(file, "Its region table claims too many entries.");
    }
    List<Region> regions = new ArrayList<>();
    Set<UUID> seen = new HashSet<>();
    for (int i = 0; i < count; i++) {
      Region region = entry(table, HEADER_BYTES + i * ENTRY_BYTES, file);
      if (!seen.add(region.id)) {
        throw Faults.corrupt(file, "It has the region " + region.id + " twice.");
      }
      if (region.required && !region.id.equals(BAT) && !region.id.equals(METADATA)) {
        throw Faults.unsupported(
            file,
            "It needs the region " + region.id + ", which is unknown here.",
            "Convert it with the program that made it.");
      }
      regions.add(region);
    }
    return regions;
  }

  private static Region entry(ByteBuffer table, int at, Path file) {
    Region region =
        new Region(
            Structures.guid(table, at),
            table.getLong(at + 16),
            table.getInt(at + 24) & 0xffff_ffffL,
            (table.getInt(at + 28) & 1) != 0);
    if (region.offset < MIB
        || region.offset > MOST_FILE_BYTES
        || region.offset % MIB != 0
        || region.length == 0
        || region.length % MIB != 0) {
      throw Faults.corrupt(
          file,
          "Its region "
              + region.id
              + " would have "
              + region.length
              + " bytes at "
              + region.offset
              + ".");
    }
    return region;
  }

  Region bat(Path file) {
    return find(BAT, "block table", file);
  }

  Region metadata(Path file) {
    return find(METADATA, "metadata region", file);
  }

  private Region find(UUID id, String what, Path file) {
    return regions.stream()
        .filter(region -> region.id.equals(id))
        .findFirst()
        .orElseThrow(() -> Faults.corrupt(file, "It has no " + what + "."));
  }

  /** Both copies, as a new file has them. */
  static void write(ImageFile file, List<Region> regions) {
    ByteBuffer table = Structures.buffer(TABLE);
    Structures.sign(table, 0, "regi");
    table.putInt(8, regions.size());
    int at = HEADER_BYTES;
    for (Region region : regions) {
      Structures.putGuid(table, at, region.id);
      table.putLong(at + 16, region.offset).putInt(at + 24, (int) region.length);
      table.putInt(at + 28, region.required ? 1 : 0);
      at += ENTRY_BYTES;
    }
    Structures.seal(table);
    for (long place : PLACES) {
      file.write(place, table.duplicate());
    }
  }
}
