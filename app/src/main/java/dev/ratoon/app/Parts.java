package dev.ratoon.app;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a process was built from, to be closed from the last to the first. */
final class Parts implements AutoCloseable {
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  <T extends AutoCloseable> T keep(T part) {
    parts.push(part);
    return part;
  }

  /** Closes all of them, whatever some of them throw. */
  @Override
  public void close() {
    RuntimeException failure = null;
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception failed) {
        if (failure == null) {
          failure = new IllegalStateException("ending a part of Ratoon", failed);
        } else {
          failure.addSuppressed(failed);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
