package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done once to the disks of a VM, all of them together.
 *
 * @param revision counts what was asked for this VM: what was done or given up is not done again
 * @param quiesce whether the guest's agent, if there is one, is asked to bring its file systems to
 *     rest when the disks are frozen while it runs
 * @param disks what its disks shall stand on afterwards, where the task has such: one for each
 * @param variables a base disk with what its firmware's variables shall be afterwards
 * @param only the one disk that it is about, counted from 0, where it is not about all of them
 */
public record DesiredLayering(
    long revision,
    LayerTask task,
    boolean quiesce,
    List<DesiredDisk> disks,
    Optional<DiskId> variables,
    Optional<Integer> only) {
  public DesiredLayering {
    disks = List.copyOf(disks);
  }

  /** Whether it is about this disk. */
  public boolean concerns(int disk) {
    return only.isEmpty() || only.get() == disk;
  }
}
