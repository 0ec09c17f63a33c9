package dev.ratoon.model;

/** How a cache stores a base disk. */
public enum Layout {
  /** One sparse raw file. */
  FLAT,
  /** A qcow2 file that holds what another base in the same cache has not at the same place. */
  DELTA,
  /** A file of an operator's, in whatever format, where it lies. */
  ADOPTED
}
