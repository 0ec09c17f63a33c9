package dev.ratoon.protocol.channel;

/** Whose requests a source answers first, in this order. */
public enum Priority {
  /** Somebody waits for a VM. */
  DEPLOY,
  /** Nobody waits yet. */
  PRECACHE
}
