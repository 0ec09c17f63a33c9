package dev.ratoon.protocol.channel;

/**
 * Whether packing the chunks of a stream was worth the trouble so far. After one that hardly shrank
 * some are passed over, twice as many each time, up to a bound; one that shrank forgives all. Also
 * whether its asker would rather have few bytes than have them a little sooner.
 */
final class PackingHistory {
  private static final int MOST_PASSED_OVER = 64;

  private int passOver;
  private int left;
  private boolean ratherFew;

  /** From now on few bytes are preferred. */
  void ratherFew() {
    ratherFew = true;
  }

  boolean isRatherFew() {
    return ratherFew;
  }

  boolean worthATry() {
    if (left > 0 && !ratherFew) {
      left--;
      return false;
    }
    return true;
  }

  void tried(int plainBytes, int packedBytes) {
    if (packedBytes <= plainBytes - plainBytes / 8) {
      passOver = 0;
    } else {
      passOver = Math.clamp(2L * passOver, 1, MOST_PASSED_OVER);
      left = passOver;
    }
  }
}
