package dev.ratoon.model;

/** Whose fault an error is, which decides who can mend it and how the API and the CLI report it. */
public enum Fault {
  /** The request was wrong: the user can mend it and ask again. */
  USER,
  /**
   * The request collides with what is there: another name, another moment, or another order may do.
   */
  CONFLICT,
  /** A host, its hypervisor, its disk or its files are not as needed: an operator can mend it. */
  HOST,
  /** Ratoon itself is wrong: a defect to report. */
  INTERNAL
}
