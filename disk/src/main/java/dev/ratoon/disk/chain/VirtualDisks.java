package dev.ratoon.disk.chain;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.Qcow2Layer;
import dev.ratoon.disk.raw.RawLayer;
import dev.ratoon.disk.vhdx.VhdxLayer;
import dev.ratoon.disk.vhdx.VhdxWriter;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Opens and makes virtual disks. */
public final class VirtualDisks {
  private VirtualDisks() {}

  /**
   * Opens a disk whose format is not known: the content decides, by the table in
   * docs/formats/raw.md. A file counts as raw only if it claims to be nothing else.
   *
   * @throws RatoonException {@code NOT_AN_IMAGE}, {@code IMAGE_UNSUPPORTED}, {@code
   *     IMAGE_TRUNCATED}, {@code IMAGE_CORRUPT}, {@code IMAGE_REFERS_OUTSIDE}, {@code
   *     FILE_UNREADABLE}
   */
  public static VirtualDisk open(Path file, OpenRules rules) {
    return open(file, formatOf(file), rules);
  }

  /**
   * Opens a disk as what it is known to be, whatever its content looks like.
   *
   * @throws RatoonException as {@link #open(Path, OpenRules)}
   */
  public static VirtualDisk open(Path file, DiskFormat format, OpenRules rules) {
    Layer top = layer(file, format, rules);
    return new LayeredDisk(Parents.complete(top, rules));
  }

  /**
   * Opens a disk for reading and writing; its parents, if it has some, only for reading.
   *
   * @param rules never {@link OpenRules.Foreign}: strangers' files are not written to
   * @throws RatoonException as {@link #open(Path, OpenRules)}; {@code FILE_UNWRITABLE}; {@code
   *     IN_USE} if somebody else has it open for writing
   */
  public static WritableDisk openWritable(Path file, DiskFormat format, OpenRules.Chain rules) {
    WritableLayer top = writableLayer(file, format);
    List<Layer> layers = Parents.complete(top, rules);
    return new WritableLayeredDisk(top, layers.subList(1, layers.size()));
  }

  /**
   * Makes a new disk that reads as zeros, or as its parent if it has one.
   *
   * @param size bytes that the guest sees, a multiple of 512
   * @param parent already opened, and closed with the disk; empty for a disk that stands alone
   * @throws RatoonException {@code INVALID_VALUE}, {@code NAME_TAKEN}, {@code DISK_FULL}, {@code
   *     FILE_UNWRITABLE}
   */
  public static WritableDisk create(
      Path file, long size, Optional<Parent> parent, CreateOptions options) {
    if (size <= 0 || size % Limits.SECTOR_BYTES != 0 || size > Limits.MAX_DISK_BYTES) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making the disk '" + file + "'")
          .detail("A disk has a multiple of 512 bytes, up to 64 TiB, not " + size + ".")
          .asException();
    }
    parent.ifPresent(p -> checkSectors(file, p, options));
    ImageFile created = ImageFile.create(file);
    try {
      WritableLayer top = newLayer(created, size, parent.map(Parent::recorded), options);
      return new WritableLayeredDisk(top, parent.map(p -> p.disk().layers()).orElse(List.of()));
    } catch (RuntimeException | Error e) {
      created.discard();
      throw e;
    }
  }

  private static void checkSectors(Path file, Parent parent, CreateOptions options) {
    int parents = parent.disk().top().sectorBytes();
    if (options instanceof CreateOptions.Vhdx vhdx && vhdx.sectorBytes() != parents) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making the disk '" + file + "'")
          .detail(
              "Its sectors would have "
                  + vhdx.sectorBytes()
                  + " bytes; its parent's have "
                  + parents
                  + ".")
          .next("Give it sectors of " + parents + " bytes.")
          .asException();
    }
  }

  /**
   * The parent of a new disk.
   *
   * @param disk opened for reading
   * @param recorded what the child's file is to say of it
   */
  public record Parent(VirtualDisk disk, Backing recorded) {}

  /** What the content of {@code file} says it is. */
  public static DiskFormat formatOf(Path file) {
    try (ImageFile opened = ImageFile.open(file)) {
      return Recognition.formatOf(opened);
    }
  }

  static Layer layer(Path file, DiskFormat format, OpenRules rules) {
    ImageFile opened = ImageFile.open(file);
    boolean audited = rules instanceof OpenRules.Foreign;
    try {
      return switch (format) {
        case RAW -> RawLayer.of(opened);
        case QCOW2 -> Qcow2Layer.open(opened, audited);
        case VHDX -> VhdxLayer.open(opened, audited);
        case VHD, VMDK -> throw notYet(file, format);
      };
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  private static WritableLayer writableLayer(Path file, DiskFormat format) {
    ImageFile opened = ImageFile.openWritable(file);
    try {
      return switch (format) {
        case RAW -> RawLayer.of(opened);
        case VHDX -> VhdxWriter.openWritable(opened);
        case QCOW2, VHD, VMDK -> throw notYet(file, format);
      };
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  private static WritableLayer newLayer(
      ImageFile file, long size, Optional<Backing> parent, CreateOptions options) {
    if (parent.isPresent() && options instanceof CreateOptions.Raw) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making the disk '" + file.path() + "'")
          .detail("A raw file cannot be a differencing disk: it has no place for a parent's name.")
          .next("Choose qcow2, vhd or vhdx.")
          .asException();
    }
    return switch (options) {
      case CreateOptions.Raw _ -> RawLayer.create(file, size);
      case CreateOptions.Vhdx vhdx -> VhdxWriter.create(file, size, parent, vhdx);
      case CreateOptions.Qcow2 _, CreateOptions.Vhd _ ->
          throw notYet(file.path(), options.format());
    };
  }

  private static RatoonException notYet(Path file, DiskFormat format) {
    return Faults.unsupported(
        file,
        "It is of the format " + format.word() + ", which is not read here.",
        "Convert it first: qemu-img convert -O qcow2 OLD NEW.");
  }
}
