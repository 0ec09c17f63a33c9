package dev.ratoon.disk;

/** What must be true of a written file when the call returns. */
public enum Durability {
  /** It survives a power loss: file and folder were synced. */
  SYNCED,
  /** It survives the end of the process; the caller syncs, or can do without. */
  BUFFERED
}
