package dev.ratoon.disk;

import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Knows disks by their content: whether a parent is the one that its child means, and where else
 * that one may lie. Asked only for children that record the disk id of their parent.
 */
public interface ParentWitness {
  /**
   * Believes that a parent is what its child's file says. For operators who say so, and for disks
   * that are identified by their content as a whole, parents included.
   */
  ParentWitness TRUSTING = (_, _) -> Optional.empty();

  /**
   * Where a disk lies.
   *
   * @param file absolute path
   */
  record Found(Path file, DiskFormat format) {}

  /**
   * The id that {@code parent} has in place of the recorded one; empty if it is the right disk.
   *
   * @param parent open, and closed by whoever asks
   * @throws dev.ratoon.model.RatoonException what reading it throws
   */
  Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded);

  /**
   * A disk of that content, for a parent that is not where its child says. Whoever answers has made
   * sure of the content.
   */
  default Optional<Found> find(DiskId wanted) {
    return Optional.empty();
  }
}
