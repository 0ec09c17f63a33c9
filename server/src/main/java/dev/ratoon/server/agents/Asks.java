package dev.ratoon.server.agents;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.fleet.Ask;
import java.io.InputStream;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * What the server wants to look at on hosts whose agents call it. An ask waits for its host's agent
 * to fetch it; the agent's answer is a request of its own, whose body is handed to who asked, and
 * which ends when that one has read it.
 */
public final class Asks implements AutoCloseable {
  private static final int ID_BYTES = 16;
  private static final int MOST_WAITING = 64;
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Wakes those who fetch, to go empty-handed. */
  private static final Ask NOTHING_MORE =
      new Ask("", Optional.empty(), Optional.empty(), Optional.empty());

  private final Relay relay;
  private final Map<HostId, Line> waiting = new ConcurrentHashMap<>();
  private final Map<String, Pending> pending = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * What waits for one host.
   *
   * @param calls how often its agent has asked for what waits
   */
  private record Line(BlockingDeque<Ask> asks, AtomicLong calls) {
    Line() {
      this(new LinkedBlockingDeque<>(MOST_WAITING), new AtomicLong());
    }
  }

  /** Of a server that is alone. */
  public Asks() {
    this(Relay.NONE);
  }

  /**
   * @param relay the way to hosts whose agents are connected to other servers
   */
  public Asks(Relay relay) {
    this.relay = relay;
  }

  /** The agent of this host, through its asks. */
  public AgentLink agent(HostId host) {
    return new RemoteAgent(this, host, false);
  }

  /** The agent of a host that is connected to another server. */
  public AgentLink elsewhere(HostId host) {
    return new RemoteAgent(this, host, true);
  }

  /** Takes what other servers ask of this host, if its agent fetches it here. */
  public void fetch(HostId host) {
    Line line = waiting.get(host);
    if (line != null && line.calls().get() > 0) {
      relay.take(host, line.asks()::offer);
    }
  }

  /**
   * What its agent is to look at next. The newest call alone gets it: an older one may come from an
   * agent that has died since.
   *
   * @return empty if nothing was asked for in that time
   */
  public Optional<Ask> next(HostId host, Duration wait) throws InterruptedException {
    Line line = of(host);
    long call = line.calls().incrementAndGet();
    fetch(host);
    long end = System.nanoTime() + wait.toNanos();
    while (!closed) {
      Ask ask = line.asks().poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (ask == null || closed) {
        return Optional.empty();
      }
      if (line.calls().get() != call) {
        // Where no room is left for it, it was one of too many.
        boolean _ = line.asks().offerFirst(ask);
        return Optional.empty();
      }
      if (ask.answerTo().isPresent() || pending.containsKey(ask.id())) {
        return Optional.of(ask);
      }
    }
    return Optional.empty();
  }

  /**
   * Hands an answer to who asked; returns when it was read, or is not wanted any more.
   *
   * @param next of a console: where the next piece begins
   * @throws RatoonException {@link ErrorCode#NOT_FOUND} if nobody waits for it
   */
  public void answer(HostId host, String id, Optional<Long> next, InputStream body)
      throws InterruptedException {
    Pending asked = taken(host, id);
    asked.answer(new Pending.Answer(next.orElse(0L), body));
  }

  /**
   * Tells who asked that it is not to be had.
   *
   * @throws RatoonException {@link ErrorCode#NOT_FOUND} if nobody waits for it
   */
  public void refuse(HostId host, String id, Problem problem) {
    taken(host, id).refuse(problem);
  }

  private Pending taken(HostId host, String id) {
    Pending asked = pending.get(id);
    if (asked == null || !asked.host().equals(host) || !pending.remove(id, asked)) {
      throw Problem.of(ErrorCode.NOT_FOUND, "answering a question")
          .detail("Nobody waits for the answer any more.")
          .asException();
    }
    return asked;
  }

  /**
   * Asks, and waits for the answer to begin.
   *
   * @param question makes the ask with its id
   */
  Pending.Answer ask(
      HostId host, boolean elsewhere, Function<String, Ask> question, Duration patience)
      throws InterruptedException {
    byte[] random = new byte[ID_BYTES];
    RANDOM.nextBytes(random);
    Ask ask = question.apply(HexFormat.of().formatHex(random));
    Pending asked = new Pending(host);
    pending.put(ask.id(), asked);
    try {
      boolean taken = elsewhere ? relay.give(host, ask) : of(host).asks().offer(ask);
      if (!taken) {
        throw Problem.of(ErrorCode.BUSY, "asking host " + host)
            .detail("Too many wait for its answers.")
            .next("Try again when some of them are done.")
            .asException();
      }
      return asked.await(patience);
    } finally {
      pending.remove(ask.id());
    }
  }

  /** Lets go of those who fetch; the server is about to end. */
  @Override
  public void close() {
    closed = true;
    for (Line line : waiting.values()) {
      // Where no room is left for it, nobody waits.
      boolean _ = line.asks().offer(NOTHING_MORE);
    }
  }

  private Line of(HostId host) {
    return waiting.computeIfAbsent(host, same -> new Line());
  }
}
