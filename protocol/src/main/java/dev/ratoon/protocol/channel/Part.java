package dev.ratoon.protocol.channel;

/** What can be asked for of a base disk. Each is cut into pieces of 64 KiB from its beginning. */
public enum Part implements Numbered {
  /** What a guest reads; its pieces are the disk's chunks. */
  CONTENT(1),
  /** The encoded manifest. */
  MANIFEST(2),
  /** The fingerprints of the disk's 4 KiB blocks, in a form that is no business of the channel. */
  FINGERPRINTS(3);

  private final int number;

  Part(int number) {
    this.number = number;
  }

  @Override
  public int number() {
    return number;
  }
}
