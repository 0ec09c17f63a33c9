package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.Test;

/** What an asker takes, what a library gives at once, and what is counted of it. */
class HeldToLimitsTest {
  private static final int PIECES = 100;
  private static final byte[] CONTENT = FakeBase.noise(PIECES * Limits.PIECE_BYTES, 1);

  private static Collected ask(Link link, FakeBase base, Priority priority) {
    Collected collected = new Collected();
    DiskId disk = link.give(base);
    ChunkRequest _ =
        link.connect().stream(disk, Link.GRANT, new Link.Heard())
            .request(Part.CONTENT, List.of(Run.of(0, PIECES)), priority, collected);
    return collected;
  }

  @Test
  void anAskerTakesNoMoreThanItMay() {
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
    RateLimit taking = RateLimit.of(10L * Limits.PIECE_BYTES, ticks);
    AskerSettings one = new AskerSettings(Link.PATIENT, 16, 1).taking(taking);
    try (Link link = new Link(Link.serving(Packing.NEVER, Rates.none()), one)) {
      assertThat(ask(link, FakeBase.ready(CONTENT), Priority.DEPLOY).complete()).hasSize(PIECES);
      assertThat(now.get()).isBetween(9_500_000_000L, 10_200_000_000L);
    }
  }

  @Test
  void askersBeyondTheCapOfALibraryWaitAndAreServed() {
    Uploads uploads = new Uploads();
    uploads.change(1);
    Rates rates = new Rates(RateLimit.none(), RateLimit.none(), uploads);
    try (Link link = new Link(Link.serving(Packing.NEVER, rates), Link.asking(16))) {
      link.library = true;
      List<Collected> all =
          List.of(
              ask(link, FakeBase.ready(CONTENT), Priority.DEPLOY),
              ask(link, FakeBase.ready(CONTENT), Priority.PRECACHE),
              ask(link, FakeBase.ready(CONTENT), Priority.DEPLOY));
      for (Collected one : all) {
        assertThat(one.complete()).hasSize(PIECES);
      }
      Await.until(() -> uploads.inTurn() == 0);
    }
  }

  @Test
  void bytesAreCountedForEachHostAndClass() {
    try (Link link = Link.usual()) {
      ask(link, FakeBase.ready(CONTENT), Priority.DEPLOY).complete();
      ask(link, FakeBase.ready(CONTENT), Priority.PRECACHE).complete();
      Traffic came = link.client.trafficByHost().getOrDefault(Link.SOURCE, Traffic.NONE);
      assertThat(came.deployBytes()).isEqualTo(CONTENT.length);
      assertThat(came.precacheBytes()).isEqualTo(CONTENT.length);
      Await.until(() -> {
        Traffic went = link.server.trafficByHost().getOrDefault(Link.ASKER, Traffic.NONE);
        return went.wireBytesOut() >= came.wireBytesIn()
            && went.deployBytes() >= CONTENT.length
            && went.precacheBytes() >= CONTENT.length;
      });
      assertThat(link.client.trafficByHost()).containsOnlyKeys(Link.SOURCE);
    }
  }
}
