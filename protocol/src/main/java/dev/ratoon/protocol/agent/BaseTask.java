package dev.ratoon.protocol.agent;

/** What a host is to do for a base disk, besides what its VMs need. */
public enum BaseTask {
  /** Have it, and have it whole: it stays wanted until nobody asks for it any more. */
  PRECACHE,
  /** Read it again in full, and mend it if it is damaged. */
  VERIFY,
  /** The same, without hurry and at the rate of {@link ScrubRules}. */
  SCRUB,
  /** Remove it from the host's own cache, if nothing there needs it at that moment. */
  EVICT
}
