package dev.ratoon.protocol.agent;

/** How far a host is with a task of a migration. */
public enum MoveState {
  WORKING,
  DONE,
  /** It cannot be done; the host does no more for it. */
  FAILED
}
