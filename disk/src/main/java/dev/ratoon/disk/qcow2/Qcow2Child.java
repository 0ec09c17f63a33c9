package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Makes differencing disks: a qcow2 file that holds nothing yet and names its parent. Written
 * directly, it takes a small part of the time of a qemu-img process. The layout is specified in
 * docs/formats/qcow2.md.
 *
 * <p>Never written in place of another file. File and name are synced in one commit of the file
 * system's journal. Until the call returns, a killed process or a power loss may leave less than
 * the whole file under its name: who creates disks writes down first that it is about to.
 */
public final class Qcow2Child {
  private Qcow2Child() {}

  /**
   * Creates {@code file}, readable and writable by its owner alone.
   *
   * @param size bytes that the guest sees, a multiple of 512 up to 64 TiB; may be more than the
   *     parent has, which then reads as zeros
   * @param parent not looked at: who names it has verified it. Without one the disk is empty
   * @throws RatoonException {@code INVALID_VALUE}, {@code NAME_TAKEN}, {@code DISK_FULL}, {@code
   *     FILE_UNWRITABLE}
   */
  public static void create(
      Path file,
      long size,
      Optional<Backing> parent,
      CreateOptions.Qcow2 options,
      Durability durability) {
    NewQcow2 child = NewQcow2.of(file, size, parent, options);
    ImageFile created = ImageFile.create(file);
    try {
      child.writeTo(created);
      if (durability == Durability.SYNCED) {
        created.force();
        syncFolder(file);
      }
      created.close();
    } catch (RuntimeException | Error e) {
      created.discard();
      throw e;
    }
  }

  private static void syncFolder(Path file) {
    Path folder = file.toAbsolutePath().resolveSibling("");
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw Faults.unwritable(file, e);
    }
  }
}
