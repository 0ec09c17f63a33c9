package dev.ratoon.cache.arrival;

import dev.ratoon.disk.blocks.Blocks;

/**
 * What is asked of a source.
 *
 * @param blocks which of the chunk's 4 KiB blocks, as a bit for each, the lowest for the first; at
 *     least one; bits behind the disk's end count for nothing
 * @param bytes how many bytes that is
 * @param sparing whether it need not be given if another host was just given it, see {@link
 *     Feed.Reply#elsewhere}
 */
public record ChunkRequest(long chunk, int blocks, int bytes, Priority priority, boolean sparing) {
  /** Whether all of the chunk is asked for. */
  public boolean isWhole() {
    return blocks == Blocks.ALL;
  }
}
