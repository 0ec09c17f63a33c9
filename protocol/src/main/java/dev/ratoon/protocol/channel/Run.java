package dev.ratoon.protocol.channel;

/**
 * Pieces that follow one another, and which of their 4 KiB blocks are wanted.
 *
 * @param first number of the first piece
 * @param count how many, 1 to {@link Limits#RUN_PIECES}
 * @param blocks of each piece: the lowest of 16 bits means the first block. {@link #ALL_BLOCKS} for
 *     whole pieces, and always for other parts than the content
 */
public record Run(int first, int count, int blocks) {
  public static final int ALL_BLOCKS = 0xffff;

  /** Whole pieces. */
  public static Run of(int first, int count) {
    return new Run(first, count, ALL_BLOCKS);
  }

  /** Some blocks of one chunk. */
  public static Run blocksOf(int chunk, int blocks) {
    return new Run(chunk, 1, blocks);
  }
}
