package dev.ratoon.model;

/** How a cache stores a base disk. */
public enum Layout {
  /** One sparse raw file. */
  FLAT,
  /** A file of an operator's, in whatever format, where it lies. */
  ADOPTED
}
