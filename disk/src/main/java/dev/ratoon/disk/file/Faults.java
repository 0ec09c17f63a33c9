package dev.ratoon.disk.file;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** The errors about files and what they hold, each made in one place so that all say the same. */
public final class Faults {
  private Faults() {}

  public static RatoonException corrupt(Path file, String why) {
    return Problem.of(ErrorCode.IMAGE_CORRUPT, reading(file))
        .detail(why)
        .next("Fetch or make the image again; 'qemu-img check' may say more.")
        .asException();
  }

  public static RatoonException truncated(Path file, String why) {
    return Problem.of(ErrorCode.IMAGE_TRUNCATED, reading(file))
        .detail(why)
        .next("The end of the file is missing: copy or download it again.")
        .asException();
  }

  public static RatoonException unsupported(Path file, String why, String next) {
    return Problem.of(ErrorCode.IMAGE_UNSUPPORTED, reading(file))
        .detail(why)
        .next(next)
        .asException();
  }

  public static RatoonException notAnImage(Path file, String why, String next) {
    return Problem.of(ErrorCode.NOT_AN_IMAGE, reading(file)).detail(why).next(next).asException();
  }

  public static RatoonException refersOutside(Path file, String why, String next) {
    return Problem.of(ErrorCode.IMAGE_REFERS_OUTSIDE, reading(file))
        .detail(why)
        .next(next)
        .asException();
  }

  /** The parent of {@code child} lies nowhere that we know of. */
  public static RatoonException parentMissing(Path child, String why) {
    return Problem.of(ErrorCode.PARENT_MISSING, reading(child))
        .detail(why)
        .next("Bring the parent back, or name the folder where it lies now with --search.")
        .asException();
  }

  /** What lies at the parent's place is not the parent of {@code child}. */
  public static RatoonException parentMismatch(Path child, Path parent, String why) {
    return Problem.of(ErrorCode.PARENT_MISMATCH, reading(child))
        .detail("'" + parent + "' is not its parent. " + why)
        .next("Find the right parent: another one would give the guest another's data.")
        .asException();
  }

  /** The parent of {@code child} does not hold what the child's file says that it holds. */
  public static RatoonException parentDiffers(
      Path child, Path parent, DiskId recorded, DiskId found) {
    return Problem.of(ErrorCode.PARENT_MISMATCH, reading(child))
        .detail(
            "'%s' is not its parent. The parent has the content %s, this file has %s: it was changed, or it is another disk."
                .formatted(parent, recorded, found))
        .next(
            "Bring the right one back to its place. If you know that this one is right, say so with"
                + " --trust-parents.")
        .asException();
  }

  /** Somebody writes to a disk while all of it is read: what was read is no state of it. */
  public static RatoonException changing(Path file) {
    return Problem.of(ErrorCode.IN_USE, reading(file))
        .detail("It was changed while it was read.")
        .next("Shut down whatever writes to it, then try again.")
        .asException();
  }

  public static RatoonException unreadable(Path file, IOException cause) {
    return interrupted(cause)
        ? interruption(reading(file), cause)
        : Problem.of(ErrorCode.FILE_UNREADABLE, reading(file))
            .detail(describe(cause))
            .next(advice(cause))
            .asException(cause);
  }

  public static RatoonException unwritable(Path file, IOException cause) {
    String doing = "writing '" + file + "'";
    if (interrupted(cause)) {
      return interruption(doing, cause);
    }
    if (cause instanceof FileAlreadyExistsException) {
      return Problem.of(ErrorCode.NAME_TAKEN, doing)
          .detail("The file exists; it was not touched.")
          .next("Choose another name, or move the file away first.")
          .asException(cause);
    }
    if (full(cause)) {
      return Problem.of(ErrorCode.DISK_FULL, doing)
          .detail(describe(cause))
          .next("Free space on the file system of '" + file + "', or use another.")
          .asException(cause);
    }
    return Problem.of(ErrorCode.FILE_UNWRITABLE, doing)
        .detail(describe(cause))
        .next(advice(cause))
        .asException(cause);
  }

  /** Somebody else has {@code file} open, and one of the two would write. */
  public static RatoonException inUse(Path file) {
    return Problem.of(ErrorCode.IN_USE, "opening '" + file + "' for writing")
        .detail("Another program has it open: a virtual machine, qemu-img, or Ratoon itself.")
        .next("Stop the virtual machine, or wait until the other program is done.")
        .asException();
  }

  /** The file system of {@code file} has no locks. */
  static RatoonException cannotLock(Path file, int errno) {
    return Problem.of(ErrorCode.FILE_UNWRITABLE, "opening '" + file + "' for writing")
        .detail("Its file system does not let it be locked (errno " + errno + ").")
        .next("Turn locking on where the file system is mounted, or use another.")
        .asException();
  }

  /** {@code file} is sound, but we would not write to it rightly. */
  public static RatoonException notToBeWritten(Path file, String why, String next) {
    return Problem.of(ErrorCode.IMAGE_UNSUPPORTED, "opening '" + file + "' for writing")
        .detail(why)
        .next(next)
        .asException();
  }

  /** Something is to be written to {@code file} after writing to it has failed. */
  public static RatoonException afterFailure(Path file) {
    return Problem.of(ErrorCode.FILE_UNWRITABLE, "writing '" + file + "'")
        .detail("Writing to it failed before, so nothing more is written.")
        .next("Close it; what was flushed before the failure is in the file.")
        .asException();
  }

  public static RatoonException interruption(String doing, Throwable cause) {
    return Problem.of(ErrorCode.INTERRUPTED, doing).asException(cause);
  }

  private static String reading(Path file) {
    return "reading '" + file + "'";
  }

  private static boolean interrupted(IOException cause) {
    return cause instanceof ClosedByInterruptException;
  }

  /** The JDK has no type for ENOSPC and EDQUOT, only the system's text. */
  private static boolean full(IOException cause) {
    String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    return text.contains("no space left") || text.contains("quota exceeded");
  }

  private static String advice(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "Check the name and the folder.";
      case AccessDeniedException _ -> "Run it as a user who may, or change the owner or the mode.";
      default -> "";
    };
  }

  private static String describe(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "There is no such file.";
      case AccessDeniedException _ -> "The user who runs this may not.";
      case ClosedChannelException _ -> "The file was closed while it was in use.";
      // The reason alone: the whole message repeats the name of the file.
      case FileSystemException e when e.getReason() != null -> e.getReason() + ".";
      default -> String.valueOf(cause.getMessage());
    };
  }
}
