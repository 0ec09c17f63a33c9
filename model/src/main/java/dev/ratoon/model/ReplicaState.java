package dev.ratoon.model;

/** Whether a base disk in a cache can be used. */
public enum ReplicaState {
  /** It is on its way: what has come of it was verified. */
  ARRIVING,
  /** Every chunk was verified when it was published, and the file has not changed since. */
  READY,
  /**
   * The file is not as it was published: nothing new is made on it until an operator has looked.
   */
  SUSPECT
}
