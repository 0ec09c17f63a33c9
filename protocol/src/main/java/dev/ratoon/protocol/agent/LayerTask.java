package dev.ratoon.protocol.agent;

/** What can be done to the disks of a VM as layers on base disks. */
public enum LayerTask {
  /**
   * What the disks hold becomes base disks, and the VM goes on in new, empty files on them. It may
   * run.
   */
  FREEZE,

  /** The VM gets new, empty files on other base disks; what it wrote is gone. It must not run. */
  RENEW,

  /** The same, but only if its guest has written nothing that differs from what it was given. */
  RENEW_UNWRITTEN,

  /** The disks stand on other base disks, and the guest reads what it read. It must not run. */
  REBASE,

  /** The disks stand alone, and the guest reads what it read. It may run. */
  FLATTEN,

  /**
   * The disks stand on the same base disks in other caches of the host, those that {@link
   * DesiredDisk#parentPath} names. It may run.
   */
  MOVE,

  /**
   * The VM's own files of the disks lie in other folders of the host, those that {@link
   * DesiredDisk#folder} names. It may run.
   */
  MOVE_FILE
}
