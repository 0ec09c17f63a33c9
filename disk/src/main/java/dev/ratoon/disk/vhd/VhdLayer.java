package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd.Sizing;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.raw.RawLayer;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Opens and makes VHD files. Specified in docs/formats/vhd.md. */
public final class VhdLayer {
  /** The largest disk that a dynamic VHD can be, and that others take. */
  static final long MOST_BYTES = 2040L << 30;

  static final int SMALLEST_BLOCK = 1 << 19;

  /** Where the headers of a dynamic file end, at the earliest. */
  static final long HEADERS_END = VhdFooter.BYTES + VhdHeader.BYTES;

  private static final int OLD_FOOTER_BYTES = VhdFooter.BYTES - 1;

  private VhdLayer() {}

  /**
   * The size that a disk of {@code size} bytes gets, which is more where a geometry is asked for
   * that does not express it.
   */
  public static long sizeOf(long size, CreateOptions.Vhd options) {
    return options.sizing() == Sizing.GEOMETRY ? VhdGeometry.roundedUp(size) : size;
  }

  /** Whether the end of a file, at most its last 512 bytes, looks like that of a VHD. */
  public static boolean isMarkedAtEnd(ByteBuffer end) {
    return VhdFooter.isMarked(end)
        || (end.limit() == VhdFooter.BYTES && VhdFooter.isMarked(end.slice(1, OLD_FOOTER_BYTES)));
  }

  /** Whether the beginning of a file looks like that of a dynamic or differencing VHD. */
  public static boolean isMarkedAtStart(ByteBuffer start) {
    return VhdFooter.isMarked(start);
  }

  /**
   * Takes over {@code file} for reading.
   *
   * @param audited whether the whole table is judged first, as a file from a stranger deserves
   */
  public static Layer open(ImageFile file, boolean audited) {
    VhdFooter footer = footer(file);
    if (footer.type() == VhdFooter.Type.FIXED) {
      return fixed(file, footer);
    }
    VhdHeader header = header(file, footer);
    BlockTable table = BlockTable.read(file, header, footer.size());
    if (audited) {
      table.audit();
    }
    return new DynamicVhd(file, footer, header, table);
  }

  /** Takes over {@code file} for reading and writing; puts a footer at its end if it has none. */
  public static WritableLayer openWritable(ImageFile file) {
    VhdFooter footer = footer(file);
    if (footer.type() == VhdFooter.Type.FIXED) {
      return fixed(file, footer);
    }
    VhdHeader header = header(file, footer);
    BlockTable table = BlockTable.read(file, header, footer.size());
    table.audit();
    return new DynamicVhdWriter(file, footer, header, table, false);
  }

  private static VhdFooter footer(ImageFile file) {
    return atEnd(file, VhdFooter.BYTES)
        .or(() -> atEnd(file, OLD_FOOTER_BYTES))
        .or(() -> copyAtStart(file))
        .orElseThrow(() ->
            Faults.corrupt(file.path(), "Its footer is missing or damaged, and so is its copy."));
  }

  private static Optional<VhdFooter> atEnd(ImageFile file, int bytes) {
    if (file.length() < bytes) {
      return Optional.empty();
    }
    ByteBuffer footer = ByteBuffer.allocate(VhdFooter.BYTES);
    file.read(file.length() - bytes, footer.limit(bytes));
    return VhdFooter.parse(footer.clear(), file.path());
  }

  private static Optional<VhdFooter> copyAtStart(ImageFile file) {
    return file.length() < VhdFooter.BYTES
        ? Optional.empty()
        : VhdFooter.parse(file.bytes(0, VhdFooter.BYTES), file.path())
            .filter(footer -> footer.type() != VhdFooter.Type.FIXED);
  }

  private static FixedVhd fixed(ImageFile file, VhdFooter footer) {
    if (footer.size() > file.length() - OLD_FOOTER_BYTES) {
      throw Faults.truncated(
          file.path(),
          "It has " + file.length() + " bytes, too few for a disk of " + footer.size() + ".");
    }
    return new FixedVhd(RawLayer.beginning(file, footer.size()), footer.unique());
  }

  private static VhdHeader header(ImageFile file, VhdFooter footer) {
    long at = footer.headerOffset();
    if (at < VhdFooter.BYTES || at > file.length() - VhdHeader.BYTES) {
      throw Faults.corrupt(file.path(), "Its dynamic header would lie at byte " + at + ".");
    }
    return VhdHeader.parse(file.bytes(at, VhdHeader.BYTES), file.path());
  }

  /**
   * Makes a new disk of zeros, or a child, of an empty file.
   *
   * @throws RatoonException {@code INVALID_VALUE} if the format cannot express it
   */
  public static WritableLayer create(
      ImageFile file, long wantedSize, Optional<Backing> parent, CreateOptions.Vhd options) {
    long size = sizeOf(wantedSize, options);
    if (size > MOST_BYTES) {
      throw invalid(file, "A VHD has at most 2040 GiB.", "Choose vhdx, or a smaller disk.");
    }
    int now = VhdParent.time(Instant.now());
    if (options.allocation() == Allocation.FIXED) {
      if (parent.isPresent()) {
        throw invalid(file, "A differencing VHD can't be fixed.", "Leave that out.");
      }
      VhdFooter footer = new VhdFooter(-1, now, size, VhdFooter.Type.FIXED, UUID.randomUUID());
      file.write(size, footer.encode());
      return new FixedVhd(RawLayer.beginning(file, size), footer.unique());
    }
    VhdFooter.Type type = parent.isPresent() ? VhdFooter.Type.DIFFERENCING : VhdFooter.Type.DYNAMIC;
    VhdFooter footer = new VhdFooter(VhdFooter.BYTES, now, size, type, UUID.randomUUID());
    return createDynamic(
        file, footer, parent.map(p -> VhdParent.of(p, file.path())), options.blockBytes());
  }

  private static WritableLayer createDynamic(
      ImageFile file, VhdFooter footer, Optional<VhdParent> parent, int blockBytes) {
    long blocks = (footer.size() + blockBytes - 1) / blockBytes;
    long end = HEADERS_END + BlockTable.bytes(blocks);
    VhdHeader header =
        new VhdHeader(
            HEADERS_END,
            blocks,
            blockBytes,
            parent.map(VhdParent::unique).orElse(new UUID(0, 0)),
            parent.map(VhdParent::time).orElse(0),
            parent.map(VhdParent::name).orElse(""),
            parent.map(p -> p.locators(HEADERS_END + BlockTable.bytes(blocks))).orElse(List.of()));
    BlockTable table = BlockTable.create(file, header, footer.size());
    if (parent.isPresent()) {
      ByteBuffer data = parent.get().locatorData();
      file.write(end, data);
    }
    file.write(VhdFooter.BYTES, header.encode());
    // From now on it is a VHD, whatever happens.
    file.write(0, footer.encode());
    file.write(file.length(), footer.encode());
    return new DynamicVhdWriter(file, footer, header, table, true);
  }

  private static RatoonException invalid(ImageFile file, String why, String next) {
    return Problem.of(ErrorCode.INVALID_VALUE, "making the disk '" + file.path() + "'")
        .detail(why)
        .next(next)
        .asException();
  }

  /** {@code bytes}, filled up to whole sectors. */
  static int padded(int bytes) {
    return (bytes + Limits.SECTOR_BYTES - 1) & -Limits.SECTOR_BYTES;
  }
}
