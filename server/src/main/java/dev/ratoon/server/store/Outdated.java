package dev.ratoon.server.store;

/**
 * Thrown inside a write whose decision was made upon what holds no more: the write is undone and
 * done again.
 */
public final class Outdated extends RuntimeException {
  private static final long serialVersionUID = 1;

  public Outdated(String what) {
    super(what, null, false, false);
  }
}
