package dev.ratoon.cli.disk;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Which disks can be parents of which, and what a child's file says of its parent. */
final class Parentage {
  private Parentage() {}

  /** The usual format of a child on a parent of that format. */
  static DiskFormat usualChild(DiskFormat parent) {
    return switch (parent) {
      case RAW, QCOW2, VMDK -> DiskFormat.QCOW2;
      case VHD -> DiskFormat.VHD;
      case VHDX -> DiskFormat.VHDX;
    };
  }

  /**
   * Refuses pairs that whoever reads the child would not read rightly: QEMU cannot read
   * differencing VHD and VHDX, and Hyper-V reads nothing else.
   */
  static void check(DiskFormat child, Path parent, DiskFormat parentFormat) {
    boolean allowed =
        switch (child) {
          case QCOW2 -> parentFormat == DiskFormat.RAW || parentFormat == DiskFormat.QCOW2;
          case VHD, VHDX -> parentFormat == child;
          case RAW, VMDK -> false;
        };
    if (allowed) {
      return;
    }
    DiskFormat usual = usualChild(parentFormat);
    Problem problem =
        Problem.of(
                ErrorCode.INVALID_VALUE,
                "putting a %s child on '%s'".formatted(child.word(), parent))
            .detail(
                switch (child) {
                  case RAW -> "A raw file has no place for the name of a parent.";
                  case VMDK -> "VMDK is read, not written.";
                  case QCOW2, VHD, VHDX ->
                      "The parent is %s, which a %s child cannot have below it."
                          .formatted(parentFormat.word(), child.word());
                });
    throw problem
        .next(
            parentFormat == DiskFormat.VMDK
                ? "Convert the parent first: ratoon disk convert '" + parent + "' NEW.qcow2"
                : "Make a " + usual.word() + " child, or convert the parent first.")
        .asException();
  }

  /** What a child's file is to say of {@code parent}. */
  static Backing backing(Path file, VirtualDisk parent, Optional<DiskId> diskId) {
    return new Backing(absolute(file), parent.format(), parent.top().nativeId(), diskId);
  }

  /** Without "..", wherever links lead; a link that is the file's own name stays. */
  static Path absolute(Path file) {
    Path plain = file.toAbsolutePath().normalize();
    try {
      return Files.isSameFile(plain, file) ? plain : file.toRealPath();
    } catch (IOException e) {
      throw Faults.unreadable(file, e);
    }
  }

  /** Another content than the one that is needed. */
  static Problem mismatch(String doing, Path parent, DiskId found, DiskId wanted) {
    return Problem.of(ErrorCode.PARENT_MISMATCH, doing)
        .detail(
            "The content of '%s' is another.\n       it is:  %s\n       wanted: %s"
                .formatted(parent, found, wanted));
  }
}
