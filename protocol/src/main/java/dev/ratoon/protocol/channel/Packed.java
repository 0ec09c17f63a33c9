package dev.ratoon.protocol.channel;

/** How the bytes of a data frame are packed. */
enum Packed implements Numbered {
  /** Not at all. */
  NOT(0),
  /** They begin a frame of zstd. */
  BEGUN(1),
  /** They go on with the frame of the packed data before, whose content they refer to. */
  CONTINUED(2);

  private final int number;

  Packed(int number) {
    this.number = number;
  }

  @Override
  public int number() {
    return number;
  }
}
