package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

/**
 * What lies between hosts: each has one link, which those share that give to it or take from it at
 * the same time.
 */
final class Links {
  /** Of a host, 1 Gbit/s. */
  static final long HOST_BYTES_PER_SECOND = 125_000_000;

  /** Of the library's machine. */
  static final long LIBRARY_BYTES_PER_SECOND = 10 * HOST_BYTES_PER_SECOND;

  private final Map<HostId, Link> links = new ConcurrentHashMap<>();
  private final AtomicLong moved = new AtomicLong();

  /** A host's link. */
  static final class Link {
    private final long bytesPerSecond;
    private final AtomicInteger flows = new AtomicInteger();
    private volatile int slowness = 1;
    private volatile boolean up = true;
    private volatile ToDoubleFunction<DiskId> has = _ -> 0;

    private Link(long bytesPerSecond) {
      this.bytesPerSecond = bytesPerSecond;
    }

    /** What each of those gets that use it now. */
    private long share() {
      return bytesPerSecond / slowness / Math.max(1, flows.get());
    }

    /** Says how much of a base disk its host has, from 0 to 1. */
    void has(ToDoubleFunction<DiskId> part) {
      has = part;
    }

    void slowDown(int times) {
      slowness = times;
    }

    void up(boolean is) {
      up = is;
    }
  }

  Link add(HostId host, long bytesPerSecond) {
    Link link = new Link(bytesPerSecond);
    links.put(host, link);
    return link;
  }

  /** How much of a base disk is to be had from this host, from 0 to 1. */
  double partHad(HostId host, DiskId base) {
    Link link = links.get(host);
    return link == null ? 0 : link.has.applyAsDouble(base);
  }

  private Link of(HostId host) {
    Link link = links.get(host);
    if (link == null) {
      throw new IllegalStateException("the server names a host that nobody has made: " + host);
    }
    return link;
  }

  /** Something begins to go from one host to the other, or ends ({@code by} -1). */
  void flow(HostId from, HostId to, int by) {
    of(from).flows.addAndGet(by);
    of(to).flows.addAndGet(by);
  }

  /** What goes from one to the other in a second, just now. */
  long bytesPerSecond(HostId from, HostId to) {
    Link source = of(from);
    Link target = of(to);
    return source.up && target.up ? Math.max(1, Math.min(source.share(), target.share())) : 0;
  }

  void count(long bytes) {
    moved.addAndGet(bytes);
  }

  /** What has gone between hosts in all. */
  long movedBytes() {
    return moved.get();
  }
}
