package dev.ratoon.cache.arrival;

import dev.ratoon.disk.Limits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;

/**
 * Hosts with schedules and links, in virtual time. A link carries so many bytes a second in each
 * direction; what is to be sent waits in a queue for each receiver, and the queues take turns; what
 * arrives faster than the receiver's link carries waits before it. A chunk is sent whole before the
 * next one. A source may be spared what it has just sent to another host.
 */
final class SimulatedSwarm {
  private static final long LATENCY = 500_000;
  private static final long ANNOUNCING = 20_000_000;
  private static final long TICK = 100_000_000;
  private static final long JUST_NOW = 500_000_000;

  private record Event(long at, long order, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final List<Receiver> receivers = new ArrayList<>();
  private final long chunks;
  private final long seed;
  private long now;
  private long order;

  SimulatedSwarm(long bytes, long seed) {
    this.chunks = bytes / Limits.CHUNK_BYTES;
    this.seed = seed;
  }

  private void in(long nanos, Runnable what) {
    events.add(new Event(now + nanos, order++, what));
  }

  Node library(double bytesPerSecond) {
    return new Node("library", bytesPerSecond);
  }

  /** A host that begins to fetch after a while. */
  Receiver receiver(String name, double bytesPerSecond, Node library, long startsAfterNanos) {
    return receiver(name, bytesPerSecond, library, Source.Kind.LIBRARY, startsAfterNanos);
  }

  /** The same, with something else for a source that has all. */
  Receiver receiver(
      String name, double bytesPerSecond, Node source, Source.Kind kind, long startsAfterNanos) {
    Receiver receiver = new Receiver(name, bytesPerSecond);
    for (Receiver other : receivers) {
      receiver.knows(other);
      other.knows(receiver);
    }
    receivers.add(receiver);
    receiver.addSeed(source, kind);
    in(startsAfterNanos, receiver::start);
    return receiver;
  }

  void at(double seconds, Runnable what) {
    in((long) (seconds * 1e9) - now, what);
  }

  /** Runs until every living receiver has all; returns when the last one had it, in seconds. */
  double run() {
    while (!receivers.stream().allMatch(r -> r.dead || r.isDone())) {
      Event event = events.poll();
      if (event == null || event.at > 600_000_000_000L) {
        throw new AssertionError("the swarm stands still");
      }
      now = event.at;
      event.what.run();
    }
    return receivers.stream().filter(r -> !r.dead).mapToLong(r -> r.doneAt).max().orElseThrow()
        / 1e9;
  }

  /** A place that has all, and sends. */
  class Node {
    final String name;
    final double bytesPerNano;
    private final Map<Receiver, Deque<Schedule.Asked>> queues = new LinkedHashMap<>();
    private final Map<Long, Given> given = new HashMap<>();
    private boolean sending;
    boolean dead;
    long sentBytes;

    Node(String name, double bytesPerSecond) {
      this.name = name;
      this.bytesPerNano = bytesPerSecond / 1e9;
    }

    void ask(Receiver by, Schedule.Asked asked) {
      in(
          LATENCY,
          () -> {
            queues.computeIfAbsent(by, _ -> new ArrayDeque<>()).add(asked);
            send();
          });
    }

    void cancel(Receiver by, long chunk) {
      in(
          LATENCY,
          () ->
              queues
                  .getOrDefault(by, new ArrayDeque<>())
                  .removeIf(asked -> asked.chunk() == chunk));
    }

    private boolean isElsewhere(Receiver by, Schedule.Asked asked) {
      Given before = given.get(asked.chunk());
      return asked.sparing() && before != null && before.to() != by && now - before.at() < JUST_NOW;
    }

    private void send() {
      if (sending || dead) {
        return;
      }
      for (Receiver to : new ArrayList<>(queues.keySet())) {
        Deque<Schedule.Asked> queue = Objects.requireNonNull(queues.remove(to));
        queues.put(to, queue); // its turn is over
        while (!queue.isEmpty() && isElsewhere(to, queue.element())) {
          long elsewhere = queue.remove().chunk();
          in(LATENCY, () -> to.elsewhere(this, elsewhere));
        }
        if (!queue.isEmpty()) {
          long chunk = queue.remove().chunk();
          given.put(chunk, new Given(to, now));
          sending = true;
          sentBytes += Limits.CHUNK_BYTES;
          in(
              (long) (Limits.CHUNK_BYTES / bytesPerNano),
              () -> {
                sending = false;
                if (!dead) {
                  in(LATENCY, () -> to.receive(this, chunk));
                  send();
                }
              });
          return;
        }
      }
    }
  }

  private record Given(Receiver to, long at) {}

  /** A host in whose cache the base arrives. */
  final class Receiver extends Node {
    private final Schedule schedule;
    private final Map<Node, SourceTrack> tracks = new HashMap<>();
    private final Map<Node, Source.Kind> kinds = new LinkedHashMap<>();
    private final Bits got = new Bits(chunks);
    private final List<Long> unannounced = new ArrayList<>();
    private final List<Receiver> peers = new ArrayList<>();
    private long linkFreeAt;
    private boolean started;
    long doneAt;
    long receivedBytes;

    Receiver(String name, double bytesPerSecond) {
      super(name, bytesPerSecond);
      this.schedule = new Schedule(chunks, name, new Random(seed ^ name.hashCode()));
      for (long chunk = 0; chunk < chunks; chunk++) {
        schedule.want(chunk);
      }
    }

    boolean isDone() {
      return got.count() == chunks;
    }

    private void knows(Receiver other) {
      peers.add(other);
      kinds.put(other, Source.Kind.ARRIVING_PEER);
      if (started) {
        meet(other);
      }
    }

    void addSeed(Node node, Source.Kind kind) {
      kinds.put(node, kind);
    }

    private void start() {
      started = true;
      kinds.keySet().forEach(this::meet);
      pump();
      in(TICK, this::tick);
    }

    private void meet(Node node) {
      SourceTrack track = schedule.add(node.name, Objects.requireNonNull(kinds.get(node)), now);
      tracks.put(node, track);
      if (node instanceof Receiver peer) {
        for (long c = peer.got.next(0); c < chunks; c = peer.got.next(c + 1)) {
          schedule.has(track, c);
        }
      } else {
        schedule.hasAll(track);
      }
    }

    /** Says nothing any more, and nobody is told. */
    void fallSilent() {
      dead = true;
      doneAt = now;
    }

    /** Is killed: its connections are closed. */
    void die() {
      fallSilent();
      for (Receiver peer : peers) {
        SourceTrack track = peer.tracks.remove(this);
        if (track != null) {
          peer.schedule.remove(track);
          peer.pump();
        }
      }
    }

    private void tick() {
      if (dead || isDone()) {
        return;
      }
      List<SourceTrack> silent = SourceHealth.silent(schedule.tracks(), now);
      silent.forEach(schedule::remove);
      tracks.values().removeAll(silent);
      schedule.tick(now);
      pump();
      in(TICK, this::tick);
    }

    private void pump() {
      boolean asked = true;
      while (asked) {
        asked = false;
        for (Map.Entry<Node, SourceTrack> entry : tracks.entrySet()) {
          Optional<Schedule.Asked> next = schedule.next(entry.getValue(), now);
          if (next.isPresent()) {
            asked = true;
            entry.getKey().ask(this, next.get());
          }
        }
      }
    }

    private void elsewhere(Node from, long chunk) {
      SourceTrack track = tracks.get(from);
      if (!dead && track != null) {
        schedule.elsewhere(track, chunk, now);
        pump();
      }
    }

    private void receive(Node from, long chunk) {
      linkFreeAt = Math.max(linkFreeAt, now) + (long) (Limits.CHUNK_BYTES / bytesPerNano);
      in(linkFreeAt - now, () -> received(from, chunk));
    }

    private void received(Node from, long chunk) {
      SourceTrack track = tracks.get(from);
      if (dead || track == null) {
        return;
      }
      receivedBytes += Limits.CHUNK_BYTES;
      schedule
          .arrived(track, chunk, Limits.CHUNK_BYTES, now)
          .ifPresent(others -> {
            got.set(chunk);
            tracks.forEach((node, other) -> {
              if (others.contains(other)) {
                node.cancel(this, chunk);
              }
            });
            if (unannounced.isEmpty()) {
              in(ANNOUNCING, this::announce);
            }
            unannounced.add(chunk);
            if (isDone()) {
              doneAt = now;
            }
          });
      pump();
    }

    private void announce() {
      List<Long> news = List.copyOf(unannounced);
      unannounced.clear();
      for (Receiver peer : peers) {
        SourceTrack track = peer.tracks.get(this);
        if (!dead && !peer.dead && track != null) {
          news.forEach(chunk -> peer.schedule.has(track, chunk));
          peer.pump();
        }
      }
    }
  }
}
