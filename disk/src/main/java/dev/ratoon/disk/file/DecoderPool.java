package dev.ratoon.disk.file;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Supplier;

/** The decoders of one file, lent to one thread at a time; few are kept, for they are large. */
public final class DecoderPool<D extends DecoderPool.Decoder> implements AutoCloseable {
  private static final int MOST_KEPT = 8;

  /** Unpacks blocks of a file, one at a time, and remembers the last one. */
  public interface Decoder extends AutoCloseable {
    /** Whether the block packed at {@code hostOffset} is at hand. */
    boolean holds(long hostOffset);

    @Override
    void close();
  }

  private final Supplier<D> maker;
  private final Deque<D> idle = new ArrayDeque<>();
  private boolean closed;

  public DecoderPool(Supplier<D> maker) {
    this.maker = maker;
  }

  /** A decoder, if possible the one that has this block at hand. */
  public D take(long hostOffset) {
    synchronized (this) {
      for (Iterator<D> i = idle.iterator(); i.hasNext(); ) {
        D decoder = i.next();
        if (decoder.holds(hostOffset)) {
          i.remove();
          return decoder;
        }
      }
      if (!idle.isEmpty()) {
        return idle.removeLast();
      }
    }
    return maker.get();
  }

  /** Gives back what {@link #take} lent. */
  public void give(D decoder) {
    synchronized (this) {
      if (!closed && idle.size() < MOST_KEPT) {
        idle.addFirst(decoder);
        return;
      }
    }
    decoder.close();
  }

  @Override
  public synchronized void close() {
    closed = true;
    idle.forEach(Decoder::close);
    idle.clear();
  }
}
