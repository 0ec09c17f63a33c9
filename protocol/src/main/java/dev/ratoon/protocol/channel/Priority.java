package dev.ratoon.protocol.channel;

/** Whose requests a source answers first, in this order. */
public enum Priority implements Numbered {
  /** Somebody waits for a VM. */
  DEPLOY(1),
  /** Nobody waits yet. */
  PRECACHE(2);

  private final int number;

  Priority(int number) {
    this.number = number;
  }

  @Override
  public int number() {
    return number;
  }
}
