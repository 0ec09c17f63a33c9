package dev.ratoon.disk.file;

import java.nio.file.Path;

/** The locks by which QEMU and Ratoon say that they write to a disk's file. */
public final class ImageLocks {
  private ImageLocks() {}

  /**
   * Whether somebody holds the lock of one who writes to this file; false, too, where that cannot
   * be asked. Nothing is locked by asking.
   */
  public static boolean isWritten(Path file) {
    int descriptor = Libc.AVAILABLE ? Libc.open(file.toString()) : -1;
    if (descriptor < 0) {
      return false;
    }
    try {
      return WriteLock.isHeld(descriptor);
    } finally {
      Libc.close(descriptor);
    }
  }
}
