package dev.ratoon.model;

/** What an operation does. */
public enum OperationKind {
  IMPORT,
  DEPLOY,
  START,
  STOP,
  DELETE,
  UNDELETE,
  PURGE,
  PRECACHE,
  VERIFY,
  SCRUB,
  EVICT,
  ADOPT,
  UNADOPT,
  TAKE_OVER,
  MIGRATE,
  CLONE,
  CREATE_IMAGE,
  SNAPSHOT,
  REVERT,
  FLATTEN,
  REBASE,
  MOVE_DISK;

  /** Whether it works at the layers of a VM's disks. */
  public boolean isLayering() {
    return switch (this) {
      case CLONE, CREATE_IMAGE, SNAPSHOT, REVERT, FLATTEN, REBASE, MOVE_DISK -> true;
      case IMPORT,
          DEPLOY,
          START,
          STOP,
          DELETE,
          UNDELETE,
          PURGE,
          PRECACHE,
          VERIFY,
          SCRUB,
          EVICT,
          ADOPT,
          UNADOPT,
          TAKE_OVER,
          MIGRATE ->
          false;
    };
  }
}
