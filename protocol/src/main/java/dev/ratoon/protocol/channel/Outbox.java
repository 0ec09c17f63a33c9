package dev.ratoon.protocol.channel;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What waits to be sent on a connection, and cannot grow beyond a bound: bulk waits for room; small
 * frames are as many as the limits of the format let there be; of pings and pongs only the last
 * counts; and of news (credit, or what has arrived) only the fact that there is some waits here,
 * and is turned into a frame when its turn has come.
 *
 * <p>Many threads put, one takes.
 */
final class Outbox {
  /** How much bulk may wait: enough to keep the sender busy while the next is read from a disk. */
  static final int BULK_FRAMES = 8;

  /**
   * @param sent what to do once it was given to the socket
   */
  record Parcel(ByteBuffer bytes, Runnable sent) {}

  private final long newsDelayNanos;
  private final ArrayDeque<Parcel> small = new ArrayDeque<>();
  private final ArrayDeque<Parcel> bulk = new ArrayDeque<>();
  private OptionalLong ping = OptionalLong.empty();
  private OptionalLong pong = OptionalLong.empty();
  private OptionalLong newsDueNanos = OptionalLong.empty();
  private boolean over;

  /**
   * @param newsDelayNanos how long news may wait for more
   */
  Outbox(long newsDelayNanos) {
    this.newsDelayNanos = newsDelayNanos;
  }

  synchronized void small(Frame frame) {
    if (!over) {
      small.add(new Parcel(FrameCodec.encode(frame), () -> {}));
      notifyAll();
    }
  }

  /** Waits until there is room; what comes after the end is thrown away. */
  synchronized void bulk(ByteBuffer bytes, Runnable sent) throws InterruptedException {
    while (bulk.size() >= BULK_FRAMES && !over) {
      wait();
    }
    if (over) {
      sent.run();
      return;
    }
    bulk.add(new Parcel(bytes, sent));
    notifyAll();
  }

  synchronized void ping(long token) {
    ping = OptionalLong.of(token);
    notifyAll();
  }

  synchronized void pong(long token) {
    pong = OptionalLong.of(token);
    notifyAll();
  }

  synchronized void news() {
    if (newsDueNanos.isEmpty() && !over) {
      newsDueNanos = OptionalLong.of(System.nanoTime() + newsDelayNanos);
      notifyAll();
    }
  }

  /** Nothing but this is sent any more. */
  synchronized void last(Frame.Goodbye frame) {
    if (!over) {
      end();
      small.add(new Parcel(FrameCodec.encode(frame), () -> {}));
    }
  }

  /** Nothing is sent any more. */
  synchronized void end() {
    over = true;
    small.clear();
    newsDueNanos = OptionalLong.empty();
    bulk.forEach(parcel -> parcel.sent().run());
    bulk.clear();
    notifyAll();
  }

  /** Whether news is due; who asks has to send it. */
  synchronized boolean newsIsDue() {
    boolean due = newsDueNanos.isPresent() && newsDueNanos.getAsLong() - System.nanoTime() <= 0;
    if (due) {
      newsDueNanos = OptionalLong.empty();
    }
    return due;
  }

  /** Takes all that waits, the small frames first; waits for something, be it news. */
  synchronized List<Parcel> take() throws InterruptedException {
    while (small.isEmpty() && bulk.isEmpty() && ping.isEmpty() && pong.isEmpty() && !over) {
      if (newsDueNanos.isEmpty()) {
        wait();
        continue;
      }
      long nanos = newsDueNanos.getAsLong() - System.nanoTime();
      if (nanos <= 0) {
        break;
      }
      wait(nanos / 1_000_000, (int) (nanos % 1_000_000));
    }
    List<Parcel> taken = new ArrayList<>();
    if (!over) {
      pong.ifPresent(token -> taken.add(of(new Frame.Pong(token))));
      ping.ifPresent(token -> taken.add(of(new Frame.Ping(token))));
    }
    ping = OptionalLong.empty();
    pong = OptionalLong.empty();
    taken.addAll(small);
    small.clear();
    taken.addAll(bulk);
    bulk.clear();
    notifyAll();
    return taken;
  }

  synchronized boolean isOver() {
    return over && small.isEmpty();
  }

  private static Parcel of(Frame frame) {
    return new Parcel(FrameCodec.encode(frame), () -> {});
  }
}
