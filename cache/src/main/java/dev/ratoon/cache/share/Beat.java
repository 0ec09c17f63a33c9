package dev.ratoon.cache.share;

import java.io.IOException;

/** What long work on a share says after each step, and what tells it that it was given up. */
@FunctionalInterface
interface Beat {
  /**
   * A step is done.
   *
   * @throws IOException if whoever waited for it has given it up meanwhile: it ends at once, and
   *     publishes nothing
   */
  void step() throws IOException;
}
