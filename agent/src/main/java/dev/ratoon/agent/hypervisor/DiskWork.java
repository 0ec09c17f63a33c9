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
   * Begins to write all that a domain has in its own file of a disk into another one, too, and from
   * then on whatever the guest writes. The files below are not read. The guest runs on meanwhile,
   * and its disk stays the file that it was. How far it is, {@link Hypervisor#blockJobs} tells.
   *
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST}, {@code HYPERVISOR_REFUSED}, also
   *     if something is being done to the disk already
   */
  void copy(VmId id, DiskCopy copy);

  /**
   * What has come of {@link #copy}.
   *
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST} if there is no such domain
   */
  CopyState copyState(VmId id, DiskCopy copy);

  /**
   * The domain goes on in the file that {@link #copy} has filled. That has then all that the guest
   * has written, on the storage itself. The file before is closed, and stays as it is then.
   *
   * @return false if the copy is not whole yet: nothing has changed then
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST}, {@code HYPERVISOR_REFUSED}; then,
   *     as with every failure, only the domain knows which file it writes
   */
  boolean goOver(VmId id, DiskCopy copy);

  /**
   * Whatever {@link #copy} has begun, or {@link #goOver} was about to do, has ended when this
   * returns; a domain that has not gone over by then stays on the file that it had, and has the
   * copy open no more. The guest is to be held meanwhile: what it writes goes to both files, and a
   * copy does not end before they are the same. Nothing to end, and an absent domain, are fine.
   */
  void endCopy(VmId id, DiskCopy copy);

  /** How far a copy is. */
  enum CopyState {
    /** It was not begun, has ended, or is none that the hypervisor can bring to an end. */
    NONE,
    UNDER_WAY,
    /** It has all but what the guest is just writing, which goes to both. */
    WHOLE
  }

  /**
   * A disk and its copy.
   *
   * @param from what the domain writes so far
   * @param to a qcow2 file of the same size that holds nothing yet, and whose parent reads as that
   *     of {@code from}; it belongs to whom {@link HypervisorFacts#owner} names
   */
  record DiskCopy(Path from, Path to) {}

  /**
   * A disk that goes on in another file.
   *
   * @param from what the domain writes so far
   * @param to a qcow2 file of the same size that holds nothing yet and names {@code from} as its
   *     parent; it belongs to whom {@link HypervisorFacts#owner} names
   */
  record DiskCut(Path from, Path to) {}
}
