package dev.ratoon.protocol.channel;

import dev.ratoon.model.Problem;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What a connection was asked for, and what of it comes next: by class, then the streams in turn,
 * then the requests of a stream in their order. Pieces wait for credit; ends don't.
 *
 * <p>The reading thread puts in. That one thread at a time takes out and answers is what keeps
 * {@code end} behind the pieces of its request.
 */
final class Schedule {
  sealed interface Work {
    /**
     * One piece, for which a credit was used up.
     *
     * @param last whether the request ends with it
     */
    record Piece(Asked asked, int number, int blocks, boolean last) implements Work {}

    record Ended(ServedStream stream, int request, Frame.Ending how) implements Work {}

    /**
     * @param said to be run just before the other side is told
     */
    record Closed(ServedStream stream, Optional<Problem> why, Runnable said) implements Work {}

    record Over() implements Work {}
  }

  /** A request, and how far it was answered. */
  static final class Asked {
    final ServedStream stream;
    final Frame.Request request;
    private int run;
    private int pieceOfRun;

    Asked(ServedStream stream, Frame.Request request) {
      this.stream = stream;
      this.request = request;
    }

    private Work.Piece next() {
      Run current = request.runs().get(run);
      int number = current.first() + pieceOfRun;
      pieceOfRun++;
      if (pieceOfRun == current.count()) {
        run++;
        pieceOfRun = 0;
      }
      return new Work.Piece(this, number, current.blocks(), run == request.runs().size());
    }
  }

  private final int window;
  private final Turns turns = new Turns();
  private final ArrayDeque<Work> ends = new ArrayDeque<>();
  private final Map<Integer, Asked> byNumber = new HashMap<>();

  /** For each class the streams in turn, each with its requests in order. */
  private final Map<Priority, SequencedMap<ServedStream, ArrayDeque<Asked>>> waiting =
      new EnumMap<>(Priority.class);

  private int credit;
  private boolean over;

  Schedule(int window) {
    this.window = window;
    this.credit = window;
    for (Priority priority : Priority.values()) {
      waiting.put(priority, new LinkedHashMap<>());
    }
  }

  /**
   * Puts a request in, without waking who waits: the caller may answer it, or calls {@link #wake}.
   */
  synchronized void add(ServedStream stream, Frame.Request request) {
    if (stream.isClosed()) {
      ends.add(new Work.Ended(stream, request.request(), Frame.Ending.CLOSED));
    } else {
      Asked asked = new Asked(stream, request);
      byNumber.put(request.request(), asked);
      queue(request.priority()).computeIfAbsent(stream, s -> new ArrayDeque<>()).add(asked);
    }
  }

  synchronized void wake() {
    notifyAll();
  }

  /** Nothing happens if it has ended or is about to. */
  synchronized void cancel(int request) {
    Asked asked = byNumber.get(request);
    if (asked != null) {
      forget(asked);
      ends.add(new Work.Ended(asked.stream, request, Frame.Ending.CANCELLED));
      notifyAll();
    }
  }

  /** Closes a stream from our side, if it is not closed: all its requests end. */
  synchronized void close(ServedStream stream, Optional<Problem> why, Runnable said) {
    if (stream.isClosed()) {
      return;
    }
    stream.closed();
    ends.add(new Work.Closed(stream, why, said));
    for (Asked asked : List.copyOf(byNumber.values())) {
      if (asked.stream == stream) {
        forget(asked);
        ends.add(new Work.Ended(stream, asked.request.request(), Frame.Ending.CLOSED));
      }
    }
    notifyAll();
  }

  /** The asker can hold so many more. */
  synchronized void grant(int frames) throws BrokenRule {
    if (frames < 1 || frames > window - credit) {
      throw new BrokenRule("It gave more credit than its window has.");
    }
    credit += frames;
    notifyAll();
  }

  /** A piece was answered without its bytes: the credit was not used. */
  synchronized void refund() {
    credit++;
  }

  synchronized void end() {
    over = true;
    notifyAll();
  }

  /** Whether there is nothing to be done just now. */
  synchronized boolean isIdle() {
    return !over && ends.isEmpty() && (credit == 0 || byNumber.isEmpty());
  }

  /** Waits until there is something to be done. */
  synchronized void await() throws InterruptedException {
    while (isIdle()) {
      wait();
    }
  }

  /** What comes next, if there is something to be done. */
  synchronized Optional<Work> next() {
    if (over) {
      return Optional.of(new Work.Over());
    }
    return ends.isEmpty() ? nextPiece().map(piece -> piece) : Optional.of(ends.remove());
  }

  /** The same, if it is a piece. */
  synchronized Optional<Work.Piece> nextPiece() {
    if (over || !ends.isEmpty() || isIdle()) {
      return Optional.empty();
    }
    credit--;
    return Optional.of(takePiece());
  }

  private Work.Piece takePiece() {
    SequencedMap<ServedStream, ArrayDeque<Asked>> streams =
        queue(turns.next(priority -> !queue(priority).isEmpty()));
    ServedStream stream = streams.firstEntry().getKey();
    ArrayDeque<Asked> requests = streams.firstEntry().getValue();
    Work.Piece piece = requests.element().next();
    streams.remove(stream);
    if (piece.last()) {
      requests.remove();
      byNumber.remove(piece.asked().request.request());
    }
    if (!requests.isEmpty()) {
      streams.putLast(stream, requests);
    }
    return piece;
  }

  private void forget(Asked asked) {
    byNumber.remove(asked.request.request());
    SequencedMap<ServedStream, ArrayDeque<Asked>> streams = queue(asked.request.priority());
    ArrayDeque<Asked> requests = streams.get(asked.stream);
    if (requests != null && requests.remove(asked) && requests.isEmpty()) {
      streams.remove(asked.stream);
    }
  }

  private SequencedMap<ServedStream, ArrayDeque<Asked>> queue(Priority priority) {
    return waiting.computeIfAbsent(priority, p -> new LinkedHashMap<>());
  }
}
