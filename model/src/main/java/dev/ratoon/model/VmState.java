package dev.ratoon.model;

/** What a VM is doing, as its host last reported. */
public enum VmState {
  /** On its way: its disks are being made or its domain is being started. */
  DEPLOYING,
  RUNNING,
  PAUSED,
  STOPPED,
  /**
   * It ended or could not start, and its restart policy does not start it again. The reason is with
   * it.
   */
  FAILED,
  /** Deleted, its disks kept in the trash until their time is over. */
  TRASHED
}
