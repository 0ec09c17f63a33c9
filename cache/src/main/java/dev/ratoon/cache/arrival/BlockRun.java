package dev.ratoon.cache.arrival;

/**
 * Blocks of a chunk that a relative has one behind another.
 *
 * @param relative its number in the plan
 * @param from the number of the first block in the relative
 * @param first the number of the first block in the chunk
 * @param count how many
 */
record BlockRun(int relative, long from, int first, int count) {

  /** The blocks of the chunk, as a bit for each. */
  int bits() {
    return ((1 << count) - 1) << first;
  }
}
