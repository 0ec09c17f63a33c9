package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.TABLE;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;

/**
 * What a VHDX file consists of, taken apart as far as it is when it is opened.
 *
 * @param file as it is after the replay of its log
 */
record VhdxParts(
    Headers headers,
    ReplayedFile file,
    RegionTable regions,
    MetadataRegion metadata,
    Pages pages,
    BlockMap map) {
  static final String MAGIC = "vhdxfile";
  static final int VERSION = 1;

  static VhdxParts read(ImageFile file) {
    if (!isVhdx(file)) {
      throw Faults.notAnImage(file.path(), "It is not a VHDX file.", "Name a VHDX file.");
    }
    Headers headers = Headers.read(file);
    if (headers.current().version() != VERSION) {
      throw Faults.unsupported(
          file.path(),
          "It is of version " + headers.current().version() + " of VHDX.",
          "Convert it with the program that made it.");
    }
    ReplayedFile replayed = LogReplay.of(file, headers.current());
    return of(headers, replayed);
  }

  private static boolean isVhdx(ImageFile file) {
    return file.length() >= MAGIC.length()
        && Structures.isSigned(file.bytes(0, MAGIC.length()), 0, MAGIC);
  }

  /** The parts of a file whose headers are known, and need not be in the file. */
  static VhdxParts of(Headers headers, ReplayedFile file) {
    RegionTable regions = RegionTable.read(file);
    RegionTable.Region metadataRegion = regions.metadata(file.path());
    within(file, metadataRegion, TABLE, "metadata");
    MetadataRegion metadata = new MetadataRegion(file, metadataRegion);
    RegionTable.Region bat = regions.bat(file.path());
    long needed = metadata.geometry().entries() * Long.BYTES;
    if (bat.length() < needed) {
      throw Faults.corrupt(file.path(), "Its block table is too small for the size of the disk.");
    }
    // Pages are read whole, and regions have whole MiB.
    within(file, bat, metadata.geometry().batBytes(), "block table");
    Pages pages = new Pages(file);
    BlockMap map = new BlockMap(file, metadata.geometry(), bat.offset(), pages);
    return new VhdxParts(headers, file, regions, metadata, pages, map);
  }

  private static void within(
      ReplayedFile file, RegionTable.Region region, long needed, String what) {
    if (region.offset() > file.length() - needed) {
      throw Faults.truncated(
          file.path(), "It ends at byte " + file.length() + ", within or before its " + what + ".");
    }
  }

  BlockGeometry geometry() {
    return metadata.geometry();
  }
}
