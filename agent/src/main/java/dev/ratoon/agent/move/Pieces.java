package dev.ratoon.agent.move;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * Pieces of files as they travel: where in the file they belong (8 bytes), then their bytes. Zeros
 * do not travel.
 */
final class Pieces {
  static final int HEAD_BYTES = 8;

  /** With its head a piece fits into one frame. */
  static final int MOST_BYTES = 14 * 4096;

  private static final int BLOCK_BYTES = 4096;
  private static final ByteBuffer ZEROS = ByteBuffer.allocate(BLOCK_BYTES).asReadOnlyBuffer();

  private Pieces() {}

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /**
   * The pieces of a stretch of a file that are to travel.
   *
   * @param stretch room for a head, then the bytes
   * @param at where in the file the bytes begin
   */
  static List<ByteBuffer> apartFromZeros(ByteBuffer stretch, long at) {
    List<ByteBuffer> pieces = new ArrayList<>();
    int end = stretch.limit();
    int from = HEAD_BYTES;
    while (from < end) {
      while (from < end && isZero(stretch, from, end)) {
        from += BLOCK_BYTES;
      }
      int to = from;
      while (to < end && !isZero(stretch, to, end)) {
        to += BLOCK_BYTES;
      }
      if (from < end) {
        int count = Math.min(to, end) - from;
        ByteBuffer piece = ByteBuffer.allocate(HEAD_BYTES + count);
        piece.putLong(at + from - HEAD_BYTES).put(stretch.slice(from, count));
        pieces.add(piece.flip());
      }
      from = to;
    }
    return pieces;
  }

  private static boolean isZero(ByteBuffer stretch, int from, int end) {
    int count = Math.min(BLOCK_BYTES, end - from);
    return stretch.slice(from, count).mismatch(ZEROS.slice(0, count)) < 0;
  }
}
