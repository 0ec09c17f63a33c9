package dev.ratoon.protocol.agent;

import dev.ratoon.model.VmId;
import java.util.List;
import java.util.Optional;

/**
 * What an agent finds on its host whether or not anybody asked for it. Nothing of it is touched.
 *
 * @param newestRevision of the desired states that the host ever took up; 0 for none
 * @param run of the server that made that one, see {@link Lineage}; empty for one that did not say
 * @param strays VMs that are here and of which the desired state does not speak
 * @param blockJobs what the hypervisor does to disks of domains
 * @param leftovers files and folders that belong to nothing that is known, the first of them
 * @param leftoverCount how many there are in all
 */
public record Findings(
    long newestRevision,
    Optional<String> run,
    List<Stray> strays,
    List<BlockJob> blockJobs,
    List<Leftover> leftovers,
    int leftoverCount) {
  public static final Findings NOTHING =
      new Findings(0, Optional.empty(), List.of(), List.of(), List.of(), 0);

  public Findings {
    strays = List.copyOf(strays);
    blockJobs = List.copyOf(blockJobs);
    leftovers = List.copyOf(leftovers);
  }

  /**
   * A VM that nobody speaks of.
   *
   * @param epoch of its owner when it was made or started
   * @param runs whether it has a domain
   * @param trashed whether its files are in the trash
   * @param overlays its disks, with the parents that their own headers name
   */
  public record Stray(VmId id, long epoch, boolean runs, boolean trashed, List<Overlay> overlays) {
    public Stray {
      overlays = List.copyOf(overlays);
    }
  }

  /**
   * A disk that a VM writes to.
   *
   * @param parent the file that its own header names; empty for a whole disk, or if it cannot be
   *     read
   */
  public record Overlay(String path, Optional<String> parent, long storedBytes) {}

  /**
   * A job of the hypervisor.
   *
   * @param kind as the hypervisor calls it: pull, copy, commit, active-commit, backup
   * @param done of {@code total}, in units of the hypervisor's own
   */
  public record BlockJob(VmId vm, String disk, String kind, long done, long total) {}

  /**
   * Something that belongs to nothing that is known.
   *
   * @param why it is taken for a leftover
   */
  public record Leftover(String path, long bytes, String why) {}
}
