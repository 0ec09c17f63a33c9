package dev.ratoon.disk;

import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Opens virtual disks. */
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
    DiskFormat format;
    try (ImageFile opened = ImageFile.open(file)) {
      format = Recognition.formatOf(opened);
    }
    return open(file, format, rules);
  }

  /**
   * Opens a disk as what it is known to be, whatever its content looks like.
   *
   * @throws RatoonException as {@link #open(Path, OpenRules)}
   */
  public static VirtualDisk open(Path file, DiskFormat format, OpenRules rules) {
    return open(file, format, rules, new HashSet<>());
  }

  private static VirtualDisk open(
      Path file, DiskFormat format, OpenRules rules, Set<Path> children) {
    ImageFile opened = ImageFile.open(file);
    try {
      return switch (format) {
        case RAW -> RawDisk.of(opened);
        case QCOW2 -> qcow2(opened, rules, children);
      };
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private static VirtualDisk qcow2(ImageFile file, OpenRules rules, Set<Path> children) {
    Qcow2Header header = Qcow2HeaderReader.read(file);
    Qcow2Disk.readable(file.path(), header);
    Optional<VirtualDisk> parent =
        switch (rules) {
          case OpenRules.Foreign _ -> noParent(file.path(), header);
          case OpenRules.Chain chain -> parent(file.path(), header, chain, children);
        };
    try {
      Qcow2Map map = new Qcow2Map(file, header);
      if (rules instanceof OpenRules.Foreign) {
        Qcow2Audit.check(file, header, map);
      }
      return new Qcow2Disk(file, header, map, parent);
    } catch (RuntimeException e) {
      parent.ifPresent(VirtualDisk::close);
      throw e;
    }
  }

  private static Optional<VirtualDisk> noParent(Path file, Qcow2Header header) {
    if (header.backingName().isPresent()) {
      throw Faults.refersOutside(
          file,
          "It is a difference to another file, '" + header.backingName().get() + "'.",
          "Merge it with its parents first: qemu-img convert -O qcow2 OLD NEW.");
    }
    return Optional.empty();
  }

  private static Optional<VirtualDisk> parent(
      Path file, Qcow2Header header, OpenRules.Chain rules, Set<Path> children) {
    Optional<Backing> backing = header.backing(file);
    if (backing.isEmpty()) {
      return Optional.empty();
    }
    if (!children.add(real(file)) || children.contains(real(backing.get().file()))) {
      throw Faults.corrupt(file, "It is its own parent, directly or through others.");
    }
    if (children.size() >= rules.maxFiles()) {
      throw Faults.unsupported(
          file,
          "Its chain has more than " + rules.maxFiles() + " files.",
          "Flatten it: qemu-img convert -O qcow2 OLD NEW.");
    }
    return Optional.of(open(backing.get().file(), backing.get().format(), rules, children));
  }

  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      throw Faults.unreadable(file, e);
    }
  }
}
