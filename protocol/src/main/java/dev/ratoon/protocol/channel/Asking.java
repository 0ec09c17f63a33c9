package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One connection on the side that asks: which streams and requests are open, and what an answer
 * means. Its lock guards them all; receivers and listeners are never called with it held.
 *
 * <p>A request is forgotten only at the source's {@code end}, even if nobody waits for it any more:
 * its number must not mean two things, and answers that were on their way have to be known.
 */
final class Asking implements Wire.Handler {
  private final Wire wire;
  private final Window window;
  private final Deliveries deliveries;
  private final Unpacking unpacking = new Unpacking();
  private final Meter meter = new Meter();
  private final Map<Integer, PeerStream> streams = new HashMap<>();
  private final Map<Integer, OpenRequest> requests = new HashMap<>();
  private int lastStream;
  private int lastRequest;
  private boolean greeted;
  private boolean canBeSpared;
  private Optional<Problem> over = Optional.empty();

  Asking(Wire wire, Window window, AskerSettings settings) {
    this.wire = wire;
    this.window = window;
    this.deliveries = new Deliveries(wire, window, settings);
    deliveries.start();
  }

  Traffic traffic() {
    return meter.traffic(wire.link());
  }

  /** Waits until the source has said hello. */
  synchronized void awaitGreeting() {
    try {
      while (!greeted && over.isEmpty()) {
        wait();
      }
    } catch (InterruptedException stop) {
      throw interrupted("connecting to " + wire.name(), stop);
    }
    throwIfOver();
  }

  PeerStream open(DiskId disk, ByteBuffer grant, StreamListener listener, long timeoutNanos) {
    String doing = "asking " + wire.name() + " for the base disk " + disk.shortForm();
    PeerStream stream;
    synchronized (this) {
      throwIfOver();
      if (streams.size() >= Limits.STREAMS) {
        throw Problem.of(ErrorCode.BUSY, doing)
            .detail("The connection has " + Limits.STREAMS + " streams already.")
            .asException();
      }
      lastStream++;
      stream = new PeerStream(this, lastStream, disk, listener);
      streams.put(lastStream, stream);
      wire.outbox().small(new Frame.Open(lastStream, disk, grant));
    }
    if (!awaitAnswer(stream, doing, System.nanoTime() + timeoutNanos)) {
      close(stream);
      throw Problem.of(ErrorCode.TIMED_OUT, doing).detail("No answer came.").asException();
    }
    return stream;
  }

  synchronized boolean isOpen(PeerStream stream) {
    return stream.whyClosed().isEmpty() && over.isEmpty();
  }

  synchronized int room(PeerStream stream) {
    return isOpen(stream) ? Limits.REQUESTS - stream.openRequests() : 0;
  }

  /** Puts a request in, which goes out with the next {@link #flush}. */
  synchronized ChunkRequest request(
      PeerStream stream,
      Part part,
      Collection<Run> runs,
      Priority priority,
      boolean sparing,
      Receiver receiver) {
    String doing = "asking " + wire.name() + " for pieces of " + stream.disk().shortForm();
    List<Run> sorted = runs.stream().sorted(Comparator.comparingInt(Run::first)).toList();
    try {
      Runs.check(sorted, part, stream.pieces(part));
    } catch (BrokenRule rule) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail(String.valueOf(rule.getMessage()))
          .asException(rule);
    }
    throwIfOver();
    stream
        .whyClosed()
        .ifPresent(why -> {
          throw why.asException();
        });
    if (stream.openRequests() >= Limits.REQUESTS) {
      throw Problem.of(ErrorCode.BUSY, doing)
          .detail("The stream has " + Limits.REQUESTS + " requests already.")
          .asException();
    }
    lastRequest++;
    int number = lastRequest;
    Frame.Request asked =
        new Frame.Request(stream.id(), number, part, priority, sparing && canBeSpared, sorted);
    OpenRequest request = new OpenRequest(stream, asked, receiver, why -> cancel(number, why));
    requests.put(number, request);
    stream.requestBegan();
    meter.asked(request.unansweredCount());
    wire.outbox().add(asked);
    return () ->
        cancel(
            number,
            Problem.of(ErrorCode.INTERRUPTED, "fetching from " + wire.name())
                .detail("It was cancelled."));
  }

  /** Sends what was asked for; not to be called with a lock held. */
  void flush() {
    wire.flush();
  }

  synchronized void close(PeerStream stream) {
    if (isOpen(stream)) {
      Problem why =
          Problem.of(ErrorCode.INTERRUPTED, "fetching from " + wire.name())
              .detail("The stream was closed.");
      stream.closed(why);
      failRequestsOf(stream, why);
      wire.outbox().small(new Frame.Close(stream.id(), Optional.empty()));
    }
  }

  @Override
  public void frame(Frame frame) throws BrokenRule {
    if (frame instanceof Frame.Hello hello) {
      greet(hello);
      return;
    }
    synchronized (this) {
      if (!greeted) {
        throw new BrokenRule("It did not say hello first.");
      }
    }
    switch (frame) {
      case Frame.Opened opened -> opened(opened);
      case Frame.Close close -> closedBySource(close);
      case Frame.Have have -> have(have);
      case Frame.Data data -> data(data);
      case Frame.Lack lack -> lack(lack);
      case Frame.Elsewhere elsewhere -> elsewhere(elsewhere);
      case Frame.End end -> end(end);
      case Frame.Hello f -> throw notForUs();
      case Frame.Open f -> throw notForUs();
      case Frame.Request f -> throw notForUs();
      case Frame.Cancel f -> throw notForUs();
      case Frame.Credit f -> throw notForUs();
      case Frame.Ping f -> {}
      case Frame.Pong f -> {}
      case Frame.Goodbye f -> {}
    }
  }

  @Override
  public Optional<Frame> news() {
    return window.next();
  }

  @Override
  public synchronized void over(Problem why) {
    unpacking.close();
    over = Optional.of(why);
    for (OpenRequest request : requests.values()) {
      meter.dropped(request.unansweredCount());
      finish(request, Optional.of(why));
    }
    for (PeerStream stream : streams.values()) {
      if (stream.whyClosed().isEmpty()) {
        stream.closed(why);
        tellClosed(stream, why);
      }
    }
    deliveries.over();
    notifyAll();
  }

  private synchronized void greet(Frame.Hello hello) throws BrokenRule {
    if (greeted) {
      throw new BrokenRule("It said hello twice.");
    }
    greeted = true;
    canBeSpared = hello.number() >= Frame.Hello.SPARING;
    wire.greeted();
    notifyAll();
  }

  private synchronized void opened(Frame.Opened opened) throws BrokenRule {
    PeerStream stream = known(opened.stream());
    if (stream.answer().isPresent()) {
      throw new BrokenRule("It opened a stream twice.");
    }
    stream.opened(opened);
    notifyAll();
  }

  private synchronized void closedBySource(Frame.Close close) throws BrokenRule {
    PeerStream stream = known(close.stream());
    streams.remove(close.stream());
    if (stream.whyClosed().isEmpty()) {
      Problem why =
          close
              .problem()
              .orElseGet(() ->
                  Problem.of(ErrorCode.INTERRUPTED, "fetching from " + wire.name())
                      .detail("It closed the stream."));
      stream.closed(why);
      failRequestsOf(stream, why);
      if (stream.answer().isPresent()) {
        wire.outbox().small(new Frame.Close(close.stream(), Optional.empty()));
        tellClosed(stream, why);
      }
      notifyAll();
    }
  }

  private void have(Frame.Have have) throws BrokenRule {
    PeerStream stream;
    synchronized (this) {
      stream = known(have.stream());
      if (stream.answer().isEmpty()) {
        throw new BrokenRule("It spoke of a stream before it had opened it.");
      }
      long end = (long) have.firstChunk() + have.chunks().length();
      if (end > stream.pieces(Part.CONTENT).count()) {
        throw new BrokenRule("It has chunks behind the end of the disk.");
      }
      if (stream.whyClosed().isPresent()) {
        return;
      }
    }
    stream.listener().has(have.firstChunk(), have.chunks());
  }

  private void data(Frame.Data data) throws BrokenRule {
    // Also what nobody waits for is unpacked: what comes later refers to it.
    int takenBytes = data.bytes().remaining();
    Frame.Data plain = unpacking.plain(data);
    deliveries.data(answered(plain), plain, takenBytes);
  }

  /** The request that is answered with it, which is told that it is on its way. */
  private synchronized OpenRequest answered(Frame.Data data) throws BrokenRule {
    OpenRequest request = asked(data.request());
    int blocks = request.answered(data.piece());
    int expected = request.expectedBytes(data.piece(), blocks);
    if (blocks != data.blocks() || data.bytes().remaining() != expected) {
      throw new BrokenRule("It sent a piece of the wrong length.");
    }
    meter.answered(request.priority(), expected);
    request.delivering();
    return request;
  }

  private synchronized void lack(Frame.Lack lack) throws BrokenRule {
    OpenRequest request = asked(lack.request());
    request.answered(lack.piece());
    meter.answered(request.priority(), 0);
    deliveries.call(request, () -> request.lacking(lack.piece(), lack.problem()));
  }

  private synchronized void elsewhere(Frame.Elsewhere elsewhere) throws BrokenRule {
    OpenRequest request = asked(elsewhere.request());
    if (!request.isSparing()) {
      throw new BrokenRule("It spared itself an answer that it was to give.");
    }
    request.answered(elsewhere.piece());
    meter.answered(request.priority(), 0);
    deliveries.call(request, () -> request.elsewhere(elsewhere.piece()));
  }

  private void end(Frame.End end) throws BrokenRule {
    ended(end).ifPresent(deliveries::ended);
  }

  /** The request, unless it had come to an end before. */
  private synchronized Optional<OpenRequest> ended(Frame.End end) throws BrokenRule {
    OpenRequest request = asked(end.request());
    boolean complete = request.unansweredCount() == 0;
    boolean mayEnd =
        switch (end.ending()) {
          case ANSWERED -> complete;
          case CANCELLED -> request.isStopped();
          case CLOSED -> request.stream().whyClosed().isPresent();
        };
    if (!mayEnd) {
      throw new BrokenRule("It ended a request that it had not answered.");
    }
    requests.remove(end.request());
    request.stream().requestEnded();
    meter.dropped(request.unansweredCount());
    return request.finish(Optional.empty()) ? Optional.of(request) : Optional.empty();
  }

  private synchronized void cancel(int number, Problem why) {
    OpenRequest request = requests.get(number);
    if (request != null && request.finish(Optional.of(why))) {
      deliveries.givenUp(request);
      wire.outbox().small(new Frame.Cancel(number));
    }
  }

  private void failRequestsOf(PeerStream stream, Problem why) {
    for (OpenRequest request : requests.values()) {
      if (request.stream() == stream) {
        finish(request, Optional.of(why));
      }
    }
  }

  private void finish(OpenRequest request, Optional<Problem> why) {
    if (request.finish(why)) {
      deliveries.givenUp(request);
    }
  }

  private void tellClosed(PeerStream stream, Problem why) {
    if (stream.answer().isPresent()) {
      deliveries.notice(() -> stream.listener().closed(why));
    }
  }

  private PeerStream known(int stream) throws BrokenRule {
    PeerStream found = streams.get(stream);
    if (found == null) {
      throw new BrokenRule("It spoke of a stream that is not open.");
    }
    return found;
  }

  private OpenRequest asked(int request) throws BrokenRule {
    OpenRequest found = requests.get(request);
    if (found == null) {
      throw new BrokenRule("It answered what nobody asked.");
    }
    return found;
  }

  private synchronized boolean awaitAnswer(PeerStream stream, String doing, long deadline) {
    try {
      while (stream.answer().isEmpty() && stream.whyClosed().isEmpty()) {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
          return false;
        }
        wait(millis);
      }
    } catch (InterruptedException stop) {
      close(stream);
      throw interrupted(doing, stop);
    }
    if (stream.answer().isEmpty()) {
      throw stream.whyClosed().orElseThrow().asException();
    }
    return true;
  }

  private void throwIfOver() {
    over.ifPresent(why -> {
      throw why.asException();
    });
  }

  private static RatoonException interrupted(String doing, InterruptedException stop) {
    Thread.currentThread().interrupt();
    return Problem.of(ErrorCode.INTERRUPTED, doing).asException(stop);
  }

  private static BrokenRule notForUs() {
    return new BrokenRule("It sent a frame that only an asker sends.");
  }
}
