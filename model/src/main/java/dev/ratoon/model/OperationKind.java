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
  TAKE_OVER
}
