package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import java.util.List;
import java.util.Optional;

/**
 * What moving the files of a VM's disks to another folder of its host would do. Nothing was
 * changed.
 *
 * @param running whether the VM has a guest that would go on meanwhile
 */
public record MoveFileView(
    EntityName vm, EntityName host, String folder, boolean running, List<Disk> disks) {
  public MoveFileView {
    disks = List.copyOf(disks);
  }

  /**
   * A disk that would move.
   *
   * @param from its file now, as far as its host has said
   * @param copiedBytes what would be copied; 0 if it lies there already
   */
  public record Disk(int number, Optional<String> from, long copiedBytes) {}
}
