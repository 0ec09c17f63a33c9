package dev.ratoon.cache.arrival;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.file.Reflink;
import java.io.Closeable;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Lets an arriving base share the blocks of its relatives where the file system can. */
final class BlockSharing implements Closeable {
  /** Where it went wrong so often it will not go right. */
  private static final int MOST_REFUSALS = 64;

  private final Plan plan;
  private final Reflink target;
  private final AtomicInteger refusals = new AtomicInteger();

  BlockSharing(Plan plan, Path target) {
    this.plan = plan;
    this.target = new Reflink(target);
  }

  /**
   * Shares what it can of a chunk.
   *
   * @param local which blocks the plan has in relatives
   * @return which of them lie in the file now
   */
  int share(long chunk, int local, int chunkBytes) {
    int shared = 0;
    int whole = (1 << chunkBytes / Blocks.BLOCK_BYTES) - 1;
    for (BlockRun run : plan.runs(chunk, local & whole)) {
      Relative relative = plan.relative(run.relative());
      if (relative.base().format() == DiskFormat.RAW && refusals.get() < MOST_REFUSALS) {
        boolean done =
            target.share(
                relative.base().path(),
                run.from() * Blocks.BLOCK_BYTES,
                (chunk * Blocks.IN_CHUNK + run.first()) * Blocks.BLOCK_BYTES,
                (long) run.count() * Blocks.BLOCK_BYTES);
        shared |= done ? run.bits() : 0;
        refusals.addAndGet(done ? 0 : 1);
      }
    }
    return shared;
  }

  @Override
  public void close() {
    target.close();
  }
}
