package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * A conversation of two hosts about one migration, see docs/formats/move-channel.md: messages, and
 * bytes in order, in both directions. Each side shows every so often that it is there, so that the
 * other notices its death within its patience, whoever holds the cable.
 *
 * <p>What arrives waits in a queue of a few frames; when that is full nothing more is read, and the
 * other side is held up by TCP. While this side is slow so, it cannot hear, and gives nobody up.
 *
 * <p>One thread receives; any may send.
 */
public final class MoveLink implements AutoCloseable {
  /** What both sides name in TLS's negotiation (ALPN). */
  static final String PROTOCOL = "ratoon-move/1";

  /** The longest piece of data. */
  public static final int MOST_DATA_BYTES = 64 << 10;

  /** The longest message. */
  static final int MOST_MESSAGE_BYTES = 4 << 20;

  private static final int QUEUE_FRAMES = 16;
  private static final int HEAD_BYTES = 5;
  private static final long BEAT_MILLIS = 250;
  private static final Duration PATIENCE = Duration.ofSeconds(6);

  /** Something that arrived. */
  public sealed interface Received {
    /** A message. */
    record Message(String json) implements Received {
      /**
       * The message as this type.
       *
       * @throws RatoonException {@code PEER_MISBEHAVED} if it is none
       */
      public <T> T as(Class<T> type) {
        try {
          return Json.read(json, type);
        } catch (JacksonException notOne) {
          throw misbehaved("It sent a message that is no " + type.getSimpleName() + ".");
        }
      }
    }

    /** Bytes. */
    record Data(ByteBuffer bytes) implements Received {}

    /** The other side has said all that it had to say. */
    record End() implements Received {}
  }

  private final TlsLink link;
  private final Peer peer;
  private final String name;
  private final Rates rates;
  private final BlockingQueue<Received> arrived = new ArrayBlockingQueue<>(QUEUE_FRAMES);
  private final AtomicReference<@Nullable Problem> over = new AtomicReference<>();
  private volatile Duration patience = PATIENCE;
  private volatile long readingSinceNanos;
  private volatile boolean hasEnded;

  private MoveLink(TlsLink link, Peer peer, String name, Rates rates) {
    this.link = link;
    this.peer = peer;
    this.name = name;
    this.rates = rates;
  }

  /** Over a link whose handshake is done. */
  static MoveLink over(TlsLink link, Peer peer, String name, Rates rates) {
    MoveLink made = new MoveLink(link, peer, name, rates);
    made.readingSinceNanos = System.nanoTime();
    Thread.ofPlatform().daemon().name("move-read " + name).start(made::read);
    Thread.ofVirtual().name("move-beat " + name).start(made::beat);
    return made;
  }

  /** Who is at the other end. */
  public Peer peer() {
    return peer;
  }

  /** How long the other side may be silent from now on; it shows that it is there more often. */
  public void patience(Duration silence) {
    patience = silence;
  }

  /** Bytes on the wire so far, in both directions. */
  public long wireBytes() {
    return link.bytesIn() + link.bytesOut();
  }

  /** Whether nothing more will come or go. */
  public boolean isOver() {
    return over.get() != null;
  }

  /** Says something. */
  public void say(Object message) {
    byte[] bytes = Json.write(message).getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MOST_MESSAGE_BYTES) {
      throw Problem.of(ErrorCode.TOO_LARGE, "talking to " + name).asException();
    }
    send(Kind.MESSAGE, ByteBuffer.wrap(bytes));
  }

  /** Says why the other side gets nothing, and that this is all. */
  public void refuse(Problem why) {
    send(Kind.PROBLEM, ByteBuffer.wrap(Json.write(why).getBytes(StandardCharsets.UTF_8)));
    end();
  }

  /**
   * Sends bytes, as fast as this host may give.
   *
   * @param bytes at most {@link #MOST_DATA_BYTES}
   */
  public void data(ByteBuffer bytes) {
    try {
      rates.take(bytes.remaining(), false, Priority.DEPLOY, this::isOver);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "talking to " + name).asException(stopped);
    }
    send(Kind.DATA, bytes);
  }

  /** Has said all. */
  public void end() {
    send(Kind.END, ByteBuffer.allocate(0));
  }

  /**
   * What comes next; waits for it.
   *
   * @throws RatoonException the other side's problem, if it refuses or fails; {@code
   *     PEER_UNREACHABLE} if the connection is over
   */
  public Received next() throws InterruptedException {
    while (true) {
      Received next = arrived.poll(100, TimeUnit.MILLISECONDS);
      if (next != null) {
        return next;
      }
      Problem why = over.get();
      if (why != null && arrived.isEmpty()) {
        throw why.asException();
      }
    }
  }

  /** The next message; bytes have no place here. */
  public Received.Message message() throws InterruptedException {
    return switch (next()) {
      case Received.Message message -> message;
      case Received.Data _ -> throw misbehaved("It sent bytes in place of a message.");
      case Received.End _ -> throw misbehaved("It ended in place of a message.");
    };
  }

  private static RatoonException misbehaved(String why) {
    return Problem.of(ErrorCode.PEER_MISBEHAVED, "migrating a VM")
        .detail(why)
        .next("See that both hosts have the same version of Ratoon.")
        .asException();
  }

  /** Closes at once; whoever waits here is thrown out. */
  @Override
  public void close() {
    end(Problem.of(ErrorCode.INTERRUPTED, "talking to " + name).detail("It was closed."));
  }

  private enum Kind {
    BEAT(0),
    MESSAGE(1),
    DATA(2),
    END(3),
    PROBLEM(4);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    static Optional<Kind> of(int code) {
      return Arrays.stream(values()).filter(kind -> kind.code == code).findFirst();
    }
  }

  private void send(Kind kind, ByteBuffer body) {
    Problem why = over.get();
    if (why != null) {
      throw why.asException();
    }
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
    head.putInt(body.remaining()).put((byte) kind.code).flip();
    try {
      link.write(new ByteBuffer[] {head, body}, 2);
    } catch (IOException broken) {
      end(broken("The connection broke: " + broken.getMessage() + "."));
      throw broken("The connection broke: " + broken.getMessage() + ".").asException(broken);
    }
  }

  private void read() {
    try {
      MoveFrames frames = new MoveFrames(link);
      while (!isOver()) {
        readingSinceNanos = System.nanoTime();
        Optional<MoveFrames.Frame> frame = frames.next();
        readingSinceNanos = 0;
        if (frame.isEmpty() || !take(frame.get())) {
          break;
        }
      }
      end(broken("It closed the connection."));
    } catch (IOException broken) {
      end(broken("The connection broke: " + broken.getMessage() + "."));
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  /** False when nothing more may come. */
  private boolean take(MoveFrames.Frame frame) throws InterruptedException {
    Optional<Kind> kind = Kind.of(frame.kind());
    if (kind.isEmpty() || (hasEnded && kind.get() != Kind.BEAT)) {
      end(misbehaved("It sent what has no place there.").problem());
      return false;
    }
    switch (kind.get()) {
      case BEAT -> {}
      case MESSAGE -> put(new Received.Message(text(frame.body())));
      case DATA -> put(new Received.Data(frame.body()));
      case END -> {
        hasEnded = true;
        put(new Received.End());
      }
      case PROBLEM -> {
        end(new Received.Message(text(frame.body())).as(Problem.class));
        return false;
      }
    }
    return true;
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private void put(Received received) throws InterruptedException {
    while (!arrived.offer(received, 100, TimeUnit.MILLISECONDS)) {
      if (isOver()) {
        return;
      }
    }
  }

  private void beat() {
    try {
      while (!isOver()) {
        TimeUnit.MILLISECONDS.sleep(BEAT_MILLIS);
        if (isSilent()) {
          end(broken("It has said nothing for " + patience.toMillis() + " ms."));
        } else if (link.writingSinceNanos() == 0 && !isOver()) {
          send(Kind.BEAT, ByteBuffer.allocate(0));
        }
      }
    } catch (RatoonException | InterruptedException closing) {
      // The reason is known already.
    }
  }

  private boolean isSilent() {
    long since = readingSinceNanos;
    return since != 0
        && System.nanoTime() - Math.max(since, link.heardNanos()) > patience.toNanos();
  }

  private void end(Problem why) {
    if (over.compareAndSet(null, why)) {
      link.close();
    }
  }

  private Problem broken(String why) {
    return Problem.of(ErrorCode.PEER_UNREACHABLE, "talking to " + name).detail(why);
  }
}
