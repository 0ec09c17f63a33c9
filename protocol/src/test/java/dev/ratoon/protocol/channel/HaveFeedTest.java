package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HaveFeedTest {
  private static final int CHUNKS = 70_000;

  private final FakeBase base = FakeBase.arriving(new byte[1], CHUNKS);
  private final AtomicInteger news = new AtomicInteger();
  private final HaveFeed feed = new HaveFeed(1, base.lend(), news::incrementAndGet);

  @Test
  void tellsEverythingOnceAndWhatIsNewInFewFrames() {
    base.arrive(5);
    base.arrive(69_999);
    feed.start();
    BitSet told = new BitSet();
    // More than one frame can hold, and nothing lies between.
    assertThat(drain(told)).isEqualTo(2);
    assertThat(told.stream().toArray()).containsExactly(5, 69_999);

    for (int chunk = 100; chunk < 300; chunk++) {
      arrive(chunk);
    }
    arrive(1000);
    assertThat(drain(told)).isEqualTo(2);
    assertThat(told.cardinality()).isEqualTo(203);
    assertThat(drain(told)).isZero();
  }

  @Test
  void losesNothingInAnyOrder() {
    feed.start();
    BitSet told = new BitSet();
    Random random = new Random(1);
    BitSet arrived = new BitSet();
    for (int i = 0; i < 3000; i++) {
      int chunk = random.nextInt(CHUNKS);
      arrived.set(chunk);
      arrive(chunk);
      if (random.nextInt(20) == 0) {
        int _ = drain(told);
      }
    }
    int _ = drain(told);
    assertThat(told).isEqualTo(arrived);
  }

  @Test
  void saysNothingAfterItWasStopped() {
    feed.start();
    int before = news.get();
    feed.stop();
    arrive(3);
    assertThat(feed.next()).isEmpty();
    assertThat(news).hasValue(before);
  }

  private void arrive(int chunk) {
    base.arrive(chunk);
    feed.arrived(chunk);
  }

  private int drain(BitSet told) {
    int frames = 0;
    for (Optional<Frame> f = feed.next(); f.isPresent(); f = feed.next()) {
      Frame.Have have = (Frame.Have) f.get();
      assertThat(have.bits() / Byte.SIZE).isLessThanOrEqualTo(Limits.HAVE_BYTES);
      have.chunks().stream().forEach(i -> told.set(have.firstChunk() + i));
      frames++;
    }
    return frames;
  }
}
