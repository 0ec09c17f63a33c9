package dev.ratoon.protocol.channel;

/** The numbers of version 1 of the format. */
public final class Limits {
  public static final int PIECE_BYTES = 64 << 10;
  public static final int BLOCK_BYTES = 4 << 10;

  /** Streams of one connection at a time. */
  public static final int STREAMS = 32;

  /** Requests of one stream at a time. */
  public static final int REQUESTS = 64;

  /** Runs of one request. */
  public static final int RUNS = 64;

  /** Pieces of one request, and so of one run. */
  public static final int RUN_PIECES = 1024;

  public static final int GRANT_BYTES = 4096;

  /** Data frames that an asker may be able to hold. */
  public static final int WINDOW = 1024;

  /** So much longer than the piece packed data may be: what does not shrink is not much longer. */
  static final int PACKING_BYTES = 32;

  /** Packed data refers to what was packed at most 2 MiB before it: what both sides remember. */
  static final int PACKING_WINDOW_LOG = 21;

  static final long DISK_BYTES = 64L << 40;
  static final int HAVE_BYTES = 8192;
  static final int TEXT_BYTES = 1024;

  private Limits() {}

  /** What no manifest of a disk of so many chunks exceeds. */
  static long manifestBytes(long chunks) {
    return 52 + 36 * chunks;
  }

  static long fingerprintBytes(long chunks) {
    return 4096 + 256 * chunks;
  }
}
