package dev.ratoon.protocol.api;

/** How a VM changes its host. */
public enum MigrationMode {
  /** While its guest runs on. */
  LIVE,
  /** While it stands still; one that runs is stopped, and started again there. */
  COLD
}
