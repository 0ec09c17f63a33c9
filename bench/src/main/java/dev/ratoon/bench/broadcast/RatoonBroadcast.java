package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Ratoon itself. What is timed begins with the request to bring the base to all hosts and ends when
 * the last of them has written every chunk, verified. Half-way one host may be killed; then the
 * others count.
 */
final class RatoonBroadcast implements Way {
  private static final int VICTIM = 2;
  private static final long LOOK_MILLIS = 20;

  private final Ratoon ratoon;
  private final boolean kills;
  private final long bytes;

  RatoonBroadcast(Ratoon ratoon, boolean kills, long bytes) {
    this.ratoon = ratoon;
    this.kills = kills;
    this.bytes = bytes;
  }

  boolean kills() {
    return kills;
  }

  @Override
  public String name() {
    return kills ? "ratoon, a receiver killed" : "ratoon";
  }

  @Override
  public int receivers() {
    return ratoon.hosts().receivers();
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    ratoon.start();
  }

  @Override
  public double send() throws IOException, InterruptedException {
    long begin = System.currentTimeMillis();
    long before = ratoon.hosts().receivedBytes(VICTIM);
    ratoon.broadcast();
    if (kills) {
      while (ratoon.hosts().receivedBytes(VICTIM) - before < bytes / 2) {
        Thread.sleep(5 * LOOK_MILLIS);
      }
      ratoon.kill(VICTIM);
    }
    long last = begin;
    for (int host = 1; host <= receivers(); host++) {
      if (survives(host)) {
        Optional<Long> at = ratoon.writtenAt(host);
        while (at.isEmpty()) {
          Thread.sleep(LOOK_MILLIS);
          at = ratoon.writtenAt(host);
        }
        if (Boolean.getBoolean("keep.logs")) System.out.println("host " + host + " after " + (at.get() - begin));
        last = Math.max(last, at.get());
      }
    }
    return (last - begin) / 1e3;
  }

  private boolean survives(int host) {
    return !kills || host != VICTIM;
  }

  @Override
  public Optional<Path> received(int host) throws IOException, InterruptedException {
    return survives(host) ? Optional.of(ratoon.received(host)) : Optional.empty();
  }

  @Override
  public void cleanUp() throws IOException, InterruptedException {
    ratoon.stop();
  }
}
