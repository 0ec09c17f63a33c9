package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.List;

/**
 * What can be done to the disks of domains that run. Every deed writes to files that belong to one
 * domain alone; nothing here can write to what is below them, which others may stand on. In
 * particular there is no commit: it writes a child's data into its parent, and told to do that to
 * the wrong file a hypervisor says success.
 */
public interface DiskWork {

  /**
   * From one moment on the domain writes its disks to other files, all of them: what it has written
   * before stays in the files before, which are only read from then on. Disks that are not named
   * stay as they are. A domain that writes to the new files already is left as it is, and that is
   * success.
   *
   * @param quiesce whether the guest's own agent, if it answers, is asked to bring its file systems
   *     to rest for that moment
   * @return whether they were at rest
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST} if there is no such domain; {@code
   *     HYPERVISOR_REFUSED}: nothing has changed then
   */
  boolean cut(VmId id, List<DiskCut> cuts, boolean quiesce);

  /**
   * Begins to copy into the file that a domain writes all that it reads from the files below. When
   * that is done, it stands alone: its header names no parent any more. The guest runs on
   * meanwhile. A copy that is under way is left to go on. How far it is, {@link
   * Hypervisor#blockJobs} tells.
   *
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST}, {@code HYPERVISOR_REFUSED}
   */
  void pull(VmId id, Path disk);

  /**
   * A disk that goes on in another file.
   *
   * @param from what the domain writes so far
   * @param to a qcow2 file of the same size that holds nothing yet and names {@code from} as its
   *     parent; it belongs to whom {@link HypervisorFacts#owner} names
   */
  record DiskCut(Path from, Path to) {}
}
