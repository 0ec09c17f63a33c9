package dev.ratoon.bench.broadcast;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Ratoon itself. What is timed begins with the request to bring the base to all hosts and ends when
 * the last of them has written every chunk, verified. Half-way one host may be killed; then the
 * others count.
 *
 * <p>Each time it is another base, of which the hosts have nothing. They have had others before, so
 * that what is measured is an agent at work, not the start of a JVM.
 */
final class RatoonBroadcast implements Way {
  /** Until the compiler is done with all agents: they share this machine's few processors. */
  private static final int EARLIER_BASES = 8;

  private static final int VICTIM = 2;

  /** How often it is looked how far they are, which takes time of the same processors. */
  private static final long LOOK_MILLIS = 200;

  private final Ratoon ratoon;
  private final Images images;
  private final boolean kills;
  private Optional<Images.Image> base = Optional.empty();

  RatoonBroadcast(Ratoon ratoon, Images images, boolean kills) {
    this.ratoon = ratoon;
    this.images = images;
    this.kills = kills;
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
    if (ratoon.start()) {
      for (int i = 0; i < EARLIER_BASES; i++) {
        Images.Image earlier = images.fresh();
        bring(earlier);
        earlier.remove();
      }
    }
    base = Optional.of(images.fresh());
    ratoon.add(base().file());
  }

  private Images.Image base() {
    return base.orElseThrow();
  }

  private void bring(Images.Image image) throws IOException, InterruptedException {
    ratoon.add(image.file());
    ratoon.precache(image.file());
    ratoon.awaitReady(image.file());
  }

  @Override
  public double send() throws IOException, InterruptedException {
    DiskId id = ratoon.diskId(base().file());
    long receivedBefore = ratoon.hosts().receivedBytes(VICTIM);
    long begin = System.currentTimeMillis();
    ratoon.precache(base().file());
    if (kills) {
      while (ratoon.hosts().receivedBytes(VICTIM) - receivedBefore < base().bytes() / 2) {
        Thread.sleep(LOOK_MILLIS);
      }
      ratoon.kill(VICTIM);
    }
    long last = begin;
    for (int host = 1; host <= receivers(); host++) {
      if (survives(host)) {
        last = Math.max(last, writtenAt(host, id));
      }
    }
    return (last - begin) / 1e3;
  }

  private long writtenAt(int host, DiskId id) throws IOException, InterruptedException {
    while (true) {
      Optional<Long> at = ratoon.writtenAt(host, id);
      if (at.isPresent()) {
        return at.get();
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private boolean survives(int host) {
    return !kills || host != VICTIM;
  }

  @Override
  public Optional<Path> received(int host) throws InterruptedException {
    return survives(host) ? Optional.of(ratoon.received(host, base().file())) : Optional.empty();
  }

  @Override
  public byte[] digest() {
    return base().digest();
  }

  @Override
  public void cleanUp() throws IOException, InterruptedException {
    if (kills) {
      ratoon.restart(VICTIM);
    }
    if (base.isPresent()) {
      base().remove();
    }
  }
}
