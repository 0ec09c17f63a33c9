package dev.ratoon.model;

/** Whether a host starts a VM again when it ended without anybody asking for that. */
public enum RestartPolicy {
  /**
   * After every end that nobody asked for, the guest's own shutdown and the host's power loss
   * included.
   */
  ALWAYS,
  /** After a crash of the VM or of its host, not when the guest shut itself down. */
  ON_FAILURE,
  NEVER
}
