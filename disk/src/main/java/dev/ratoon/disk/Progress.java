package dev.ratoon.disk;

/**
 * Hears how far work on a disk has come. Called from several threads; when all is done the numbers
 * add up to the size of the disk. What it throws ends the work and reaches the caller, so it is
 * also the way to cancel.
 */
@FunctionalInterface
public interface Progress {
  /** Nobody listens. */
  Progress NONE = _ -> {};

  /** So many more bytes of the guest's disk are dealt with, holes included. */
  void advanced(long bytes);
}
