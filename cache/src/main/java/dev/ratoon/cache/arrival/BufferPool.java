package dev.ratoon.cache.arrival;

import dev.ratoon.disk.Limits;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * So many buffers of a chunk's size, and no more. Whoever asks a source for a chunk has a buffer
 * for it, so nothing that arrives ever waits for room, and nothing is under way without.
 */
final class BufferPool {
  private final Deque<ByteBuffer> free = new ArrayDeque<>();
  private final Set<Runnable> waiting = new LinkedHashSet<>();
  private int unmade;

  BufferPool(int count) {
    this.unmade = count;
  }

  /**
   * A buffer, cleared.
   *
   * @param again run when there is one, if there is none now
   */
  synchronized Optional<ByteBuffer> tryTake(Runnable again) {
    if (!free.isEmpty()) {
      return Optional.of(free.pop().clear());
    }
    if (unmade == 0) {
      waiting.add(again);
      return Optional.empty();
    }
    unmade--;
    return Optional.of(ByteBuffer.allocate(Limits.CHUNK_BYTES));
  }

  /** Gives a buffer back; whoever has waited for it longest takes it. */
  void give(ByteBuffer buffer) {
    Runnable next = null;
    synchronized (this) {
      free.push(buffer);
      if (!waiting.isEmpty()) {
        next = waiting.iterator().next();
        waiting.remove(next);
      }
    }
    if (next != null) {
      next.run();
    }
  }
}
