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
 * and is turned into a frame when its turn has come. News that comes often is told together.
 *
 * <p>Many threads put, one takes; but who has nothing else to do may send by itself when nobody
 * sends: to wake another thread takes longer than to send a piece on a link that is not full.
 */
final class Outbox {
  /** How much bulk may wait: enough to keep the sender busy while the next is read from a disk. */
  static final int BULK_FRAMES = 8;

  /**
   * @param sent what to do once it was given to the socket
   */
  record Parcel(ByteBuffer bytes, Runnable sent) {}

  private final long newsIntervalNanos;
  private final ArrayDeque<Parcel> small = new ArrayDeque<>();
  private final ArrayDeque<Parcel> bulk = new ArrayDeque<>();
  private OptionalLong ping = OptionalLong.empty();
  private OptionalLong pong = OptionalLong.empty();
  private boolean news;
  private long newsNotBeforeNanos = System.nanoTime();

  /** Whether somebody is giving something to the socket. */
  private boolean sending;

  private boolean over;

  /**
   * @param newsIntervalNanos how long after news there is no other
   */
  Outbox(long newsIntervalNanos) {
    this.newsIntervalNanos = newsIntervalNanos;
  }

  synchronized void small(Frame frame) {
    add(frame);
    wake();
  }

  /**
   * Puts a small frame in without waking who takes: the caller has others to put, and calls {@link
   * #takeIfFree} or {@link #wake} then.
   */
  synchronized void add(Frame frame) {
    if (!over) {
      small.add(new Parcel(FrameCodec.encode(frame), () -> {}));
    }
  }

  synchronized void wake() {
    if (!isEmpty()) {
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
    if (!news && !over) {
      news = true;
      // Before that time whoever takes looks by itself.
      if (nanosToNews() <= 0) {
        notifyAll();
      }
    }
  }

  private long nanosToNews() {
    return newsNotBeforeNanos - System.nanoTime();
  }

  /**
   * Lets the caller send something by itself, if nobody sends and nothing waits for it. Then {@link
   * #sent} must follow.
   */
  synchronized boolean tryToSend() {
    boolean free = !sending && !over && isEmpty();
    sending |= free;
    return free;
  }

  /**
   * Takes all that waits, if nobody sends: whoever does looks again when it is done. {@link #sent}
   * must follow unless there is nothing.
   */
  synchronized List<Parcel> takeIfFree() {
    if (sending || over || isEmpty()) {
      return List.of();
    }
    return takeAll();
  }

  /** What was taken, or was to be sent by {@link #tryToSend}, was given to the socket. */
  synchronized void sent() {
    sending = false;
    if (over || !isEmpty() || (news && nanosToNews() <= 0)) {
      notifyAll();
    }
  }

  private boolean isEmpty() {
    return small.isEmpty() && bulk.isEmpty() && ping.isEmpty() && pong.isEmpty();
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
    news = false;
    bulk.forEach(parcel -> parcel.sent().run());
    bulk.clear();
    notifyAll();
  }

  /** Whether news is due; who asks has to send it. */
  synchronized boolean newsIsDue() {
    boolean due = news && nanosToNews() <= 0;
    if (due) {
      news = false;
      newsNotBeforeNanos = System.nanoTime() + newsIntervalNanos;
    }
    return due;
  }

  /**
   * Takes all that waits, the small frames first; waits for something, be it news. {@link #sent}
   * must follow.
   */
  synchronized List<Parcel> take() throws InterruptedException {
    while (sending || (isEmpty() && !over)) {
      long nanos = nanosToNews();
      if (nanos > 0) {
        wait(nanos / 1_000_000, (int) (nanos % 1_000_000));
      } else if (news && !sending) {
        break;
      } else {
        wait();
      }
    }
    return takeAll();
  }

  private List<Parcel> takeAll() {
    sending = true;
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
