package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import java.util.List;
import java.util.Optional;

/**
 * What moving a VM's disks to another cache of its host would do. Nothing was changed.
 *
 * @param folder of the cache
 * @param running whether the VM has a guest that would go on in copies of its own files
 */
public record MoveDiskView(
    EntityName vm, EntityName host, String folder, boolean running, List<Disk> disks) {
  public MoveDiskView {
    disks = List.copyOf(disks);
  }

  /**
   * A disk that would move.
   *
   * @param from the file that it stands on, as its own header says
   * @param to the file that it would stand on, where the cache has that already
   * @param broughtBytes what has to come into the cache first, as stored elsewhere
   * @param copiedBytes what of its own file would be copied: 0 for a VM that is stopped, and where
   *     it stands there already
   */
  public record Disk(
      int number,
      DiskId base,
      Optional<String> from,
      Optional<String> to,
      long broughtBytes,
      long copiedBytes) {}
}
