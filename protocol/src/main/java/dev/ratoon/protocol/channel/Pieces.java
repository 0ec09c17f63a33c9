package dev.ratoon.protocol.channel;

/** How a part is cut into pieces and those into blocks. */
record Pieces(long lengthBytes) {
  int count() {
    return Math.toIntExact((lengthBytes + Limits.PIECE_BYTES - 1) / Limits.PIECE_BYTES);
  }

  static long offset(int piece) {
    return (long) piece * Limits.PIECE_BYTES;
  }

  /** How long this piece is; only the last may be short. */
  int bytes(int piece) {
    return (int) Math.min(Limits.PIECE_BYTES, lengthBytes - offset(piece));
  }

  /** How many bytes these blocks of this piece have together. */
  int bytes(int piece, int blocks) {
    int length = bytes(piece);
    int there = blocks & existing(length);
    int last = (length - 1) / Limits.BLOCK_BYTES;
    int sum = Integer.bitCount(there) * Limits.BLOCK_BYTES;
    boolean withLast = (there >> last & 1) == 1;
    return withLast ? sum - ((last + 1) * Limits.BLOCK_BYTES - length) : sum;
  }

  /** The bits of those blocks that lie inside the part. */
  int existing(int piece, int blocks) {
    return blocks & existing(bytes(piece));
  }

  private static int existing(int length) {
    int count = (length + Limits.BLOCK_BYTES - 1) / Limits.BLOCK_BYTES;
    return (1 << count) - 1;
  }
}
