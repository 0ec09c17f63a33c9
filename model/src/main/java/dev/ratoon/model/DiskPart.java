package dev.ratoon.model;

/** What of a VM's disk is meant, where the disk may be a child of a base disk. */
public enum DiskPart {
  /** All that the guest reads. */
  WHOLE,
  /** The base disk alone. */
  BASE,
  /** What the VM's own file says beside the base. */
  OVERLAY
}
