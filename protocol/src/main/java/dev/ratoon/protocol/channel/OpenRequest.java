package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A request on the side that asked. What was answered is kept by the connection, under its lock;
 * calling the receiver is the business of the delivery threads.
 *
 * <p>The receiver hears of the end when the count of what is still to be delivered comes to zero;
 * the end itself is one of them.
 */
final class OpenRequest {
  private final PeerStream stream;
  private final Part part;
  private final Priority priority;
  private final boolean sparing;
  private final Receiver receiver;
  private final Consumer<Problem> giveUp;
  private final Map<Integer, Integer> unanswered = new HashMap<>();
  private final AtomicInteger undelivered = new AtomicInteger(1);
  private final AtomicBoolean told = new AtomicBoolean();

  /** Why nothing more is delivered: empty as long as something is. */
  private volatile Optional<Problem> stopped = Optional.empty();

  private boolean finished;

  /**
   * @param giveUp called, on a delivery thread, when the receiver cannot take what it is given
   */
  OpenRequest(PeerStream stream, Frame.Request asked, Receiver receiver, Consumer<Problem> giveUp) {
    this.priority = asked.priority();
    this.sparing = asked.sparing();
    this.stream = stream;
    this.part = asked.part();
    this.receiver = receiver;
    this.giveUp = giveUp;
    for (Run run : asked.runs()) {
      for (int i = 0; i < run.count(); i++) {
        unanswered.put(run.first() + i, run.blocks());
      }
    }
  }

  PeerStream stream() {
    return stream;
  }

  Priority priority() {
    return priority;
  }

  boolean isSparing() {
    return sparing;
  }

  int unansweredCount() {
    return unanswered.size();
  }

  /** Takes note of an answer; the blocks that were asked for. */
  int answered(int piece) throws BrokenRule {
    Integer blocks = unanswered.remove(piece);
    if (blocks == null) {
      throw new BrokenRule("It answered what nobody asked.");
    }
    return blocks;
  }

  /** How long the bytes of an answer have to be. */
  int expectedBytes(int piece, int blocks) {
    return stream.pieces(part).bytes(piece, blocks);
  }

  boolean isStopped() {
    return stopped.isPresent();
  }

  /** One more delivery is on its way to the receiver. */
  void delivering() {
    undelivered.incrementAndGet();
  }

  /** Whether this is the first end that the request comes to; it counts as a delivery. */
  boolean finish(Optional<Problem> why) {
    if (finished) {
      return false;
    }
    finished = true;
    stopped = why;
    return true;
  }

  void arrived(int piece, int blocks, ByteBuffer bytes) {
    if (!isStopped()) {
      guarded(() -> receiver.arrived(piece, blocks, bytes));
    }
  }

  void lacking(int piece, Problem why) {
    if (!isStopped()) {
      guarded(() -> receiver.lacking(piece, why));
    }
  }

  void elsewhere(int piece) {
    if (!isStopped()) {
      guarded(() -> receiver.elsewhere(piece));
    }
  }

  /**
   * Counts the end at once, if the receiver hears of it after what is still being delivered; false
   * if the end itself has to be delivered.
   */
  boolean endsWithDeliveries() {
    int waiting = undelivered.get();
    while (waiting > 1) {
      if (undelivered.compareAndSet(waiting, waiting - 1)) {
        return true;
      }
      waiting = undelivered.get();
    }
    return false;
  }

  /** A delivery was made; after the last one the receiver hears of the end. */
  void delivered() {
    // What still comes in after an early end counts up and down again, and is no news.
    if (undelivered.decrementAndGet() == 0 && !told.getAndSet(true)) {
      stopped.ifPresentOrElse(receiver::failed, receiver::completed);
    }
  }

  /** A receiver that throws gets nothing more. */
  private void guarded(Runnable call) {
    try {
      call.run();
    } catch (RatoonException own) {
      giveUp.accept(own.problem());
    } catch (RuntimeException defect) {
      giveUp.accept(
          Problem.of(ErrorCode.INTERNAL, "taking in a piece of " + stream.disk().shortForm())
              .detail(defect.toString()));
    }
  }
}
