package dev.ratoon.disk.qcow2;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Supplier;

/** The decoders of one file, lent to one thread at a time; few are kept, for they are large. */
final class DecoderPool implements AutoCloseable {
  private static final int MOST_KEPT = 8;

  private final Supplier<ClusterDecoder> maker;
  private final Deque<ClusterDecoder> idle = new ArrayDeque<>();
  private boolean closed;

  DecoderPool(Supplier<ClusterDecoder> maker) {
    this.maker = maker;
  }

  /** A decoder, if possible the one that has this cluster at hand. */
  ClusterDecoder take(long hostOffset) {
    synchronized (this) {
      for (Iterator<ClusterDecoder> i = idle.iterator(); i.hasNext(); ) {
        ClusterDecoder decoder = i.next();
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

  void give(ClusterDecoder decoder) {
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
    idle.forEach(ClusterDecoder::close);
    idle.clear();
  }
}
