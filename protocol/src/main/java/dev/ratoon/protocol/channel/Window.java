package dev.ratoon.protocol.channel;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;

/**
 * The buffers into which data may arrive, and the credit that speaks of them: the source may send
 * as many pieces as there are buffers that nobody uses.
 */
final class Window implements FrameReader.DataBuffers {
  private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();
  private final int reportEach;
  private final Runnable news;
  private int granted;
  private int freed;

  /**
   * @param news called when there is credit to give
   */
  Window(int frames, Runnable news) {
    this.granted = frames;
    this.reportEach = Math.max(1, frames / 4);
    this.news = news;
  }

  @Override
  public synchronized ByteBuffer take() throws BrokenRule {
    if (granted == 0) {
      throw new BrokenRule("It sent more than it had credit for.");
    }
    granted--;
    ByteBuffer buffer = spare.poll();
    return buffer != null ? buffer : ByteBuffer.allocate(FrameCodec.MAX_DATA_LENGTH);
  }

  void giveBack(ByteBuffer buffer) {
    boolean enough;
    synchronized (this) {
      spare.push(buffer);
      freed++;
      enough = freed >= reportEach;
    }
    if (enough) {
      news.run();
    }
  }

  /** The credit that there is to give, which counts as given then. */
  synchronized Optional<Frame> next() {
    if (freed < reportEach) {
      return Optional.empty();
    }
    int frames = freed;
    granted += freed;
    freed = 0;
    return Optional.of(new Frame.Credit(frames));
  }
}
