package dev.ratoon.protocol.channel;

/**
 * Whether packing the chunks of a stream was worth the trouble so far. After one that hardly shrank
 * some are passed over, twice as many each time, up to a bound; one that shrank forgives all. Where
 * the asker would rather have few bytes than have them a little sooner, it takes more of them in a
 * row to give up, and fewer are passed over: noise is not packed for long all the same.
 */
final class PackingHistory {
  private static final int MOST_PASSED_OVER = 64;
  private static final int MOST_PASSED_OVER_FOR_FEW = 4;
  private static final int PATIENCE_FOR_FEW = 32;

  private int inVain;
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
    if (left > 0) {
      left--;
      return false;
    }
    return true;
  }

  void tried(int plainBytes, int packedBytes) {
    if (packedBytes <= plainBytes - plainBytes / 8) {
      inVain = 0;
      passOver = 0;
    } else if (++inVain > (ratherFew ? PATIENCE_FOR_FEW : 0)) {
      passOver =
          Math.clamp(2L * passOver, 1, ratherFew ? MOST_PASSED_OVER_FOR_FEW : MOST_PASSED_OVER);
      left = passOver;
    }
  }
}
