package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.Test;

/** Who is served first, and how fast, seen from outside. */
class PriorityTest {
  private static final byte[] CONTENT = FakeBase.noise(100 * Limits.PIECE_BYTES, 1);

  @Test
  void aDeployOvertakesAPrecache() {
    Rates rates = new Rates(Link.immense(), RateLimit.none());
    try (Link link = new Link(Link.serving(Packing.NEVER, rates), Link.asking(16))) {
      Semaphore reads = new Semaphore(0);
      FakeBase later = FakeBase.ready(CONTENT);
      FakeBase now = FakeBase.ready(CONTENT);
      later.beforeRead = reads::acquireUninterruptibly;
      now.beforeRead = reads::acquireUninterruptibly;
      PeerConnection connection = link.connect();
      Collected precache = ask(connection, link.give(later), Priority.PRECACHE);
      Await.until(() -> later.reads.size() == 1);
      DiskId deployed = link.give(now);
      PeerStream stream = connection.stream(deployed, Link.GRANT, new Link.Heard());
      long before = link.server.traffic().wireBytesIn();
      Collected deploy = ask(stream, Priority.DEPLOY);
      Await.until(() -> link.server.traffic().wireBytesIn() > before);
      reads.release(150);
      assertThat(deploy.complete()).hasSize(100);
      assertThat(later.reads).hasSizeLessThan(60);
      reads.release(1000);
      assertThat(precache.complete()).hasSize(100);
    }
  }

  @Test
  void aSourceKeepsItsRates() {
    AtomicLong now = new AtomicLong();
    Ticks ticks =
        new Ticks() {
          @Override
          public long nanoTime() {
            return now.get();
          }

          @Override
          public void await(Condition condition, long nanos) {
            now.addAndGet(nanos);
          }
        };
    long perSecond = 10L * Limits.PIECE_BYTES;
    Rates rates = new Rates(RateLimit.of(5 * perSecond, ticks), RateLimit.of(perSecond, ticks));
    try (Link link = new Link(Link.serving(Packing.NEVER, rates), Link.asking(16))) {
      PeerConnection connection = link.connect();
      assertThat(ask(connection, link.give(FakeBase.ready(CONTENT)), Priority.DEPLOY).complete())
          .hasSize(100);
      long ofHost = now.get();
      assertThat(ofHost).isBetween(1_800_000_000L, 2_050_000_000L);

      link.library = true;
      assertThat(ask(connection, link.give(FakeBase.ready(CONTENT)), Priority.DEPLOY).complete())
          .hasSize(100);
      assertThat(now.get() - ofHost).isBetween(9_700_000_000L, 10_100_000_000L);
    }
  }

  private static Collected ask(PeerConnection connection, DiskId disk, Priority priority) {
    return ask(connection.stream(disk, Link.GRANT, new Link.Heard()), priority);
  }

  private static Collected ask(PeerStream stream, Priority priority) {
    Collected collected = new Collected();
    ChunkRequest _ = stream.request(Part.CONTENT, List.of(Run.of(0, 100)), priority, collected);
    return collected;
  }
}
