package dev.ratoon.disk.qcow2;

/**
 * Where a part of a write goes.
 *
 * @param from where it begins on the guest's disk
 * @param to the first byte behind it
 * @param coverFrom as {@code from}, or before it: what lies between is to be completed with what is
 *     there now
 * @param coverTo as {@code to}, or behind it
 * @param host where the byte {@code from} goes in the file; 0 if it has no place yet
 * @param changesTables whether it is claimed, and to be completed or abandoned
 */
record Stretch(long from, long to, long coverFrom, long coverTo, long host, boolean changesTables) {

  long length() {
    return to - from;
  }

  /** The same, with a place. */
  Stretch at(long place) {
    return new Stretch(from, to, coverFrom, coverTo, place, changesTables);
  }
}
