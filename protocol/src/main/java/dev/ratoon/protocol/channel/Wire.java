package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One connection as both sides have it: a thread that reads frames and hands them on, a thread that
 * writes what the outbox has (unless whoever has a frame can write it at once), and its end.
 *
 * <p>It ends once, for the first reason there is. If the reason is ours the other side is told it
 * with {@code goodbye}; then nothing more is written, and what still arrives is thrown away until
 * the other side has closed too, or its time is over. {@link #watch}, called every so often, looks
 * after the times, so no thread waits here with a timeout.
 *
 * <p>The threads are not virtual ones: what they do is mostly to encrypt, and a virtual thread that
 * computes keeps others from running.
 */
final class Wire {
  /** Who understands the frames. All calls come from the reading thread. */
  interface Handler {
    void frame(Frame frame) throws BrokenRule;

    /** What there is to say of the news that the outbox was told of; from the writing thread. */
    Optional<Frame> news();

    /** The last call: nothing arrives any more. */
    void over(Problem why);
  }

  private static final long GRACE_NANOS = 1_000_000_000L;

  /** Who was heard so lately takes what little it is told, too. */
  private static final long LIVELY_NANOS = 100_000_000L;

  /** Who is heard but takes nothing may be held up by its disk: so many times as long. */
  private static final int PATIENCE_WITH_LIVING = 5;

  private final TlsLink link;
  private final Outbox outbox;
  private volatile String name;
  private final Timeouts timeouts;
  private final Pace sending = new Pace();
  private volatile Optional<FrameReader> frames = Optional.empty();
  private final AtomicReference<@Nullable Problem> ended = new AtomicReference<>();
  private final long startedNanos = System.nanoTime();
  private volatile boolean greeted;
  private volatile boolean inOrder;
  private volatile long endedNanos;
  private volatile long pingedNanos;

  /** Since when a frame is being handled by the reading thread, which hears nothing meanwhile. */
  private volatile long handlingSinceNanos;

  private volatile long handledNanos = System.nanoTime();

  /**
   * @param name what to call the connection in problems and threads: "host 123 at 10.0.0.1"
   */
  Wire(TlsLink link, Outbox outbox, String name, Timeouts timeouts) {
    this.link = link;
    this.outbox = outbox;
    this.name = name;
    this.timeouts = timeouts;
  }

  TlsLink link() {
    return link;
  }

  Outbox outbox() {
    return outbox;
  }

  String name() {
    return name;
  }

  /** Now it is known who is at the other end. */
  void name(String known) {
    name = known;
  }

  /** Whether the other side took its leave, and had nothing to complain of. */
  boolean endedInOrder() {
    return inOrder;
  }

  /** How long a byte lately took to leave. */
  Pace sending() {
    return sending;
  }

  /** The other side has said hello: from now on it may be silent only as long as others. */
  void greeted() {
    greeted = true;
  }

  boolean isOpen() {
    return ended.get() == null;
  }

  Optional<Problem> end() {
    return Optional.ofNullable(ended.get());
  }

  /** Reads until the end, whatever it is. Call it on a thread of its own; it starts the writer. */
  void run(FrameReader.DataBuffers buffers, Handler handler) {
    Thread writer =
        Thread.ofPlatform().daemon().name("channel-write " + name).start(() -> write(handler));
    try {
      FrameReader reader = new FrameReader(link, buffers);
      frames = Optional.of(reader);
      read(reader, handler);
      link.drain();
    } catch (IOException gone) {
      // Whoever waits for the end needs no second reason.
    } finally {
      end(broken("The connection ended."), false);
      join(writer);
      link.close();
      handler.over(end().orElseThrow());
    }
  }

  /** Ends the connection, which the other side can't be told of. */
  void breakOff(Problem why) {
    end(why, false);
  }

  /** Ends the connection for a reason of ours; the other side is told. */
  void endFor(Problem why) {
    end(why, true);
  }

  /** Ends the connection in order: nothing is wrong. */
  void endInOrder(Problem why) {
    if (isFirst(why)) {
      outbox.last(new Frame.Goodbye(Optional.empty()));
    }
  }

  /** Ends the connection because the other side broke a rule. */
  void endFor(BrokenRule rule) {
    endFor(
        Problem.of(ErrorCode.PEER_MISBEHAVED, "talking to " + name)
            .detail(String.valueOf(rule.getMessage()))
            .next("See that both hosts have the same version of Ratoon."));
  }

  /** Looks whether the other side is still there. */
  void watch(long nowNanos) {
    if (!isOpen()) {
      if (nowNanos - endedNanos > GRACE_NANOS) {
        link.close();
      }
    } else if (!greeted) {
      if (nowNanos - startedNanos > timeouts.connect().toNanos()) {
        giveUp("It did not answer within " + timeouts.connect().toMillis() + " ms.");
      }
    } else {
      watchSilence(nowNanos);
    }
  }

  private void watchSilence(long nowNanos) {
    long dead = timeouts.dead().toNanos();
    long ping = timeouts.ping().toNanos();
    long heard = link.heardNanos();
    if (nowNanos - heard > ping && nowNanos - pingedNanos > ping) {
      // Be it that we do not listen: the other side has to hear that we are there.
      pingedNanos = nowNanos;
      outbox.ping(nowNanos);
    }
    long handling = handlingSinceNanos;
    boolean listens = handling == 0 || nowNanos - handling <= ping;
    long writing = link.writingSinceNanos();
    long patience = listens && nowNanos - heard > dead ? dead : PATIENCE_WITH_LIVING * dead;
    if (writing != 0 && nowNanos - writing > patience) {
      giveUp("It has taken nothing for " + (nowNanos - writing) / 1_000_000 + " ms.");
    } else if (!listens && outbox.isOver()) {
      giveUp("The connection broke.");
    } else if (listens && nowNanos - Math.max(heard, handledNanos) > dead) {
      giveUp("It has said nothing for " + timeouts.dead().toMillis() + " ms.");
    }
  }

  private void giveUp(String why) {
    end(broken(why), false);
    link.close();
  }

  private void read(FrameReader frames, Handler handler) {
    try {
      while (isOpen()) {
        switch (frames.next()) {
          case Frame.Ping ping -> outbox.pong(ping.token());
          case Frame.Pong pong -> {}
          case Frame.Goodbye(Optional<Problem> why) -> {
            inOrder = why.isEmpty();
            end(why.orElseGet(() -> broken("It closed the connection.")), false);
          }
          case Frame frame -> {
            handlingSinceNanos = System.nanoTime() | 1;
            handler.frame(frame);
            handledNanos = System.nanoTime();
            handlingSinceNanos = 0;
          }
        }
      }
    } catch (BrokenRule rule) {
      endFor(rule);
    } catch (EOFException cut) {
      end(broken("It closed the connection without a word."), false);
    } catch (SSLException refused) {
      end(untrusted(refused), false);
    } catch (IOException broken) {
      end(broken("The connection broke: " + broken.getMessage() + "."), false);
    } catch (RuntimeException defect) {
      endFor(Problem.of(ErrorCode.INTERNAL, "talking to " + name).detail(defect.toString()));
    }
  }

  /** Whether all that has arrived was read, so that the reading thread would only wait. */
  boolean hasReadAll() {
    return frames.filter(FrameReader::isDry).isPresent();
  }

  /**
   * Sends what the outbox was {@linkplain Outbox#add given}, on this thread if nobody else sends:
   * where the other side is sure to take it, so that it does not wait. What is said to who has not
   * been heard lately waits for the writing thread, and so does what others than the channel's own
   * threads say.
   */
  void flush() {
    boolean lively = System.nanoTime() - link.heardNanos() <= LIVELY_NANOS;
    if (!lively || !ChannelThread.isCurrent()) {
      outbox.wake();
      return;
    }
    List<Outbox.Parcel> parcels = outbox.takeIfFree();
    if (!parcels.isEmpty()) {
      try {
        send(parcels);
      } catch (IOException broken) {
        outbox.end(); // as in write, which says why
      } finally {
        outbox.sent();
      }
    }
  }

  /**
   * Sends a frame of bulk in its turn. If nothing waits it is sent on this thread.
   *
   * @param last whether the caller has nothing else to do at the moment
   * @param sent what to do once it was given to the socket, or thrown away
   */
  void bulk(ByteBuffer frame, boolean last, Runnable sent) throws InterruptedException {
    if (!last || !outbox.tryToSend()) {
      outbox.bulk(frame, sent);
      return;
    }
    try {
      send(new ByteBuffer[] {frame});
    } catch (IOException broken) {
      outbox.end(); // as in write, which says why
    } finally {
      outbox.sent();
      sent.run();
    }
  }

  private void write(Handler handler) {
    try {
      while (!outbox.isOver()) {
        List<Outbox.Parcel> parcels = outbox.take();
        if (outbox.newsIsDue()) {
          for (Optional<Frame> f = handler.news(); f.isPresent(); f = handler.news()) {
            parcels.add(new Outbox.Parcel(FrameCodec.encode(f.get()), () -> {}));
          }
        }
        send(parcels);
        outbox.sent();
      }
      link.endWriting();
    } catch (IOException | InterruptedException broken) {
      // The reason is what the reading side meets, which hears the other side's last words: an
      // alert, say, or a goodbye. If it hears nothing, its time will be over.
      outbox.end();
    }
  }

  private void send(List<Outbox.Parcel> parcels) throws IOException {
    try {
      send(parcels.stream().map(Outbox.Parcel::bytes).toArray(ByteBuffer[]::new));
    } finally {
      parcels.forEach(parcel -> parcel.sent().run());
    }
  }

  private void send(ByteBuffer[] buffers) throws IOException {
    long bytes = 0;
    for (ByteBuffer buffer : buffers) {
      bytes += buffer.remaining();
    }
    long began = System.nanoTime();
    link.write(buffers, buffers.length);
    if (bytes >= Limits.PIECE_BYTES) {
      sending.measured(bytes, System.nanoTime() - began);
    }
  }

  private void end(Problem why, boolean tell) {
    if (isFirst(why)) {
      if (tell) {
        outbox.last(new Frame.Goodbye(Optional.of(why)));
      } else {
        outbox.end();
      }
    }
  }

  /** What TLS says: before the greeting, that one of us is not trusted by the other. */
  Problem untrusted(SSLException refused) {
    return Problem.of(
            greeted ? ErrorCode.PEER_UNREACHABLE : ErrorCode.PEER_UNTRUSTED, "talking to " + name)
        .detail("TLS says: " + refused.getMessage() + ".")
        .next("See that both hosts belong to the same fleet and their clocks are right.");
  }

  private boolean isFirst(Problem why) {
    if (isOpen()) {
      endedNanos = System.nanoTime(); // before anybody sees that it has ended
    }
    return ended.compareAndSet(null, why);
  }

  private Problem broken(String why) {
    return Problem.of(ErrorCode.PEER_UNREACHABLE, "talking to " + name).detail(why);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }
}
