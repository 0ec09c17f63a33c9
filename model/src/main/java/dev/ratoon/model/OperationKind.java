package dev.ratoon.model;

/** What an operation does. */
public enum OperationKind {
  IMPORT,
  DEPLOY,
  START,
  STOP,
  DELETE,
  UNDELETE,
  PRECACHE,
  VERIFY,
  SCRUB,
  ADOPT,
  UNADOPT,
  TAKE_OVER,
  MIGRATE
}
