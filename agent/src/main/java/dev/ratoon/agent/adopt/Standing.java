package dev.ratoon.agent.adopt;

import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Knows which VMs stand on a file, in the trash too. */
@FunctionalInterface
public interface Standing {
  /**
   * The names of the VMs whose disks are children of one of these files by their own headers, or
   * cannot be read; and of those that are about to be made on one of these base disks.
   */
  List<String> on(Set<Path> files, Set<DiskId> ids);
}
