package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;

/** One connection on the side of the source: its streams, and the order of what it is told. */
final class ServedConnection implements Wire.Handler {
  /** So often it is told what has arrived: of each single chunk would be much ado. */
  static final long NEWS_INTERVAL_NANOS = 20_000_000L;

  private final ChunkServer server;
  private final Wire wire;
  private final AtomicInteger openStreams = new AtomicInteger();
  private volatile Optional<Peer> peer = Optional.empty();
  private volatile Optional<Answering> answers = Optional.empty();
  private volatile boolean stopped;
  private volatile boolean moving;

  /** Streams that the asker has not closed; only the reading thread changes them. */
  private final Map<Integer, ServedStream> streams = new HashMap<>();

  /** The same, for the thread that writes the news. */
  private final NewsOfStreams feeds = new NewsOfStreams();

  private Optional<Schedule> schedule = Optional.empty();
  private Optional<Thread> answering = Optional.empty();
  private int lastStream;
  private int lastRequest;

  ServedConnection(ChunkServer server, Wire wire) {
    this.server = server;
    this.wire = wire;
  }

  /** Serves until the end. */
  void run() {
    try {
      wire.link().shakeHands();
      Peer asker = Peer.of(wire.link().certificate());
      peer = Optional.of(asker);
      wire.name("host " + asker.host());
      if (wire.link().protocol().equals(MoveLink.PROTOCOL)) {
        serveMove(asker);
        return;
      }
    } catch (SSLException refused) {
      wire.breakOff(wire.untrusted(refused));
    } catch (IOException broken) {
      wire.breakOff(
          Problem.of(ErrorCode.PEER_UNREACHABLE, "greeting " + wire.name())
              .detail(String.valueOf(broken.getMessage())));
    }
    wire.run(
        () -> {
          throw new BrokenRule("It sent data, which only a source does.");
        },
        this);
  }

  /** It is there for a migration, which knows its own way to its end. */
  private void serveMove(Peer asker) {
    server.unwatch(wire);
    moving = true;
    try (MoveLink link =
        MoveLink.over(wire.link(), asker, wire.name(), server.settings().rates())) {
      Optional<MoveDoor> door = server.moves();
      if (door.isEmpty() || stopped) {
        link.refuse(
            Problem.of(ErrorCode.BUSY, "asking for a VM's files")
                .detail("The host takes part in no migrations just now."));
        return;
      }
      door.get().serve(link);
    }
  }

  boolean isWith(HostId host) {
    return peer.filter(p -> p.host().equals(host)).isPresent();
  }

  Traffic traffic() {
    Optional<ClassBytes> sent = answers.map(Answering::sent);
    return new Traffic(
        wire.link().bytesIn(),
        wire.link().bytesOut(),
        0,
        Duration.ZERO,
        sent.map(ClassBytes::deploy).orElse(0L),
        sent.map(ClassBytes::precache).orElse(0L));
  }

  /** Who is at the other end, once that is known. */
  Optional<HostId> host() {
    return peer.map(Peer::host);
  }

  /** Why it ended, if not in order. */
  Optional<Problem> misfortune() {
    return stopped || wire.endedInOrder() ? Optional.empty() : wire.end();
  }

  void stop() {
    stopped = true;
    if (moving) {
      wire.link().close();
      return;
    }
    wire.endFor(
        Problem.of(ErrorCode.INTERRUPTED, "serving base disks")
            .detail("The host stops serving.")
            .next("Ask another host."));
  }

  @Override
  public void frame(Frame frame) throws BrokenRule {
    if (frame instanceof Frame.Hello hello) {
      greet(hello);
      return;
    }
    Schedule greeted = schedule.orElseThrow(() -> new BrokenRule("It did not say hello first."));
    try {
      switch (frame) {
        case Frame.Open open -> open(open, greeted);
        case Frame.Request request -> request(request, greeted);
        case Frame.Cancel cancel -> {
          if (cancel.request() > lastRequest || cancel.request() < 1) {
            throw new BrokenRule("It cancelled a request that it never made.");
          }
          greeted.cancel(cancel.request());
        }
        case Frame.Credit credit -> greeted.grant(credit.frames());
        case Frame.Close close -> close(close, greeted);
        case Frame.Hello hello -> throw new BrokenRule("It said hello twice.");
        case Frame.Opened f -> throw notForUs();
        case Frame.Have f -> throw notForUs();
        case Frame.Data f -> throw notForUs();
        case Frame.Lack f -> throw notForUs();
        case Frame.Elsewhere f -> throw notForUs();
        case Frame.End f -> throw notForUs();
        case Frame.Ping f -> {}
        case Frame.Pong f -> {}
        case Frame.Goodbye f -> {}
      }
    } catch (InterruptedException nobodyDoesThat) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Optional<Frame> news() {
    return feeds.next();
  }

  @Override
  public void over(Problem why) {
    schedule.ifPresent(Schedule::end);
    answering.ifPresent(thread -> {
      try {
        thread.join();
      } catch (InterruptedException nobodyDoesThat) {
        Thread.currentThread().interrupt();
      }
    });
    feeds.all().forEach(ServedStream::release);
  }

  private void greet(Frame.Hello hello) throws BrokenRule {
    if (schedule.isPresent()) {
      throw new BrokenRule("It said hello twice.");
    }
    if (hello.number() < 1 || hello.number() > Limits.WINDOW) {
      throw new BrokenRule("It has an impossible window.");
    }
    wire.greeted();
    if (!server.hasRoomFor(peer.orElseThrow())) {
      wire.endFor(
          Problem.of(ErrorCode.BUSY, "connecting to a host for base disks")
              .detail("It serves as many as it may.")
              .next("Try again later, or ask another host."));
      return;
    }
    Schedule work = new Schedule(hello.number());
    schedule = Optional.of(work);
    wire.outbox().small(new Frame.Hello(Frame.Hello.SPARING));
    Answering answer =
        new Answering(wire, work, server.settings(), server.justGiven(), peer.orElseThrow());
    answers = Optional.of(answer);
    answering =
        Optional.of(
            Thread.ofPlatform().daemon().name("channel-answer " + wire.name()).start(answer::run));
  }

  private void open(Frame.Open open, Schedule work) throws BrokenRule, InterruptedException {
    if (open.stream() <= lastStream) {
      throw new BrokenRule("It used the number of a stream twice.");
    }
    lastStream = open.stream();
    if (openStreams.incrementAndGet() > Limits.STREAMS) {
      throw new BrokenRule("It opened more than " + Limits.STREAMS + " streams.");
    }
    ServedStream stream;
    try {
      Doorman.Admission admission =
          server.doorman().admit(peer.orElseThrow(), open.disk(), open.grant());
      stream = new ServedStream(open.stream(), open.disk(), admission, wire.outbox()::news);
    } catch (RatoonException refused) {
      Frame refusal = new Frame.Close(open.stream(), Optional.of(refused.problem()));
      openStreams.decrementAndGet(); // before the asker knows, who may open another one then
      wire.outbox().bulk(FrameCodec.encode(refusal), () -> {});
      return;
    }
    streams.put(open.stream(), stream);
    feeds.add(stream);
    Frame.Opened opened = stream.opened();
    wire.outbox().bulk(FrameCodec.encode(opened), () -> {});
    stream.base().listen(listener(stream, work));
    if (!opened.complete()) {
      stream.feed().start();
    }
  }

  private ServedBase.Listener listener(ServedStream stream, Schedule work) {
    return new ServedBase.Listener() {
      @Override
      public void arrived(int chunk) {
        stream.feed().arrived(chunk);
      }

      @Override
      public void withdrawn(Problem why) {
        work.close(stream, Optional.of(why), () -> closeSaid(stream));
      }
    };
  }

  private void request(Frame.Request request, Schedule work) throws BrokenRule {
    if (request.request() <= lastRequest) {
      throw new BrokenRule("It used the number of a request twice.");
    }
    lastRequest = request.request();
    ServedStream stream = streams.get(request.stream());
    if (stream == null) {
      throw new BrokenRule("It asked on a stream that is not open.");
    }
    Runs.check(request.runs(), request.part(), stream.pieces(request.part()));
    if (!stream.requestBegan()) {
      throw new BrokenRule("It has more than " + Limits.REQUESTS + " requests on a stream.");
    }
    work.add(stream, request);
    answers.orElseThrow().answerHere();
  }

  private void close(Frame.Close close, Schedule work) throws BrokenRule {
    ServedStream stream = streams.remove(close.stream());
    if (stream != null) {
      closeSaid(stream);
      work.close(stream, Optional.empty(), () -> closeSaid(stream));
    } else if (close.stream() > lastStream || close.stream() < 1) {
      throw new BrokenRule("It closed a stream that it never opened.");
    }
  }

  private void closeSaid(ServedStream stream) {
    if (stream.closeSaid()) {
      openStreams.decrementAndGet();
      feeds.remove(stream);
    }
  }

  private static BrokenRule notForUs() {
    return new BrokenRule("It sent a frame that only a source sends.");
  }
}
