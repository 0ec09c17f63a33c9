package dev.ratoon.protocol.agent;

/** What a VM shall be doing on its host. */
public enum DesiredPower {
  RUNNING,
  /** Started, but its processors held. */
  PAUSED,
  STOPPED,
  /** Stopped, its files in the trash, from where it can come back. */
  TRASHED,
  /** An explicit word that nothing of it is needed any more: only this removes files. */
  PURGED
}
