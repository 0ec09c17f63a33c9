package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;

/**
 * A child that nobody writes any more, though a running QEMU may still read it as the parent of the
 * file that it writes now. QEMU looks at a header when it opens a file and not again, so that the
 * name of the parent in it can be corrected meanwhile.
 */
public final class FrozenChild {
  private FrozenChild() {}

  /**
   * Records another file with the same content as its parent; durable when this returns. Cut off at
   * any moment, the header names the old file or the new one.
   *
   * @throws RatoonException {@code IN_USE} if somebody has it open for writing; {@code
   *     INVALID_VALUE} if it has no parent or the name does not fit; what reading a header throws;
   *     {@code FILE_UNWRITABLE}
   */
  public static void relink(Path child, Backing parent) {
    try (ImageFile file = ImageFile.openFrozen(child)) {
      Qcow2Header header = Qcow2HeaderReader.read(file);
      if (header.backingName().isEmpty()) {
        throw ParentRecord.doesNotFit(child, "It has no parent.");
      }
      ParentChange.make(file, header.clusterBytes(), parent);
    }
  }
}
