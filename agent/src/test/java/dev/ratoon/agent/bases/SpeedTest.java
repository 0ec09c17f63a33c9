package dev.ratoon.agent.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.ratoon.protocol.channel.Traffic;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SpeedTest {
  private static final long SECOND = 1_000_000_000L;
  private final Speed speed = new Speed();
  private long bytes;
  private Duration busy = Duration.ZERO;
  private long now;

  /** A second in which so much came, and something was outstanding for so long. */
  private void second(long came, long busyMillis) {
    bytes += came;
    busy = busy.plusMillis(busyMillis);
    now += SECOND;
    speed.look(new Traffic(bytes, 0, bytes, busy, bytes, 0), now);
  }

  @Test
  void isWhatCameInTheBestSecondThatWasBusy() {
    second(0, 0);
    second(80 << 20, 1000);
    second(100 << 20, 1000);
    second(90 << 20, 900);
    assertThat(speed.bytesPerSecond(now)).isCloseTo(100L << 20, withinPercentage(1));
  }

  @Test
  void anIdleWaySaysNothing() {
    second(0, 0);
    second(100 << 20, 500);
    second(0, 1000);
    second(1000, 1000);
    assertThat(speed.bytesPerSecond(now)).isZero();
  }

  @Test
  void fadesSoThatAWayThatBecameWorseIsFoundOut() {
    second(0, 0);
    second(100 << 20, 1000);
    for (int i = 0; i < 1200; i++) {
      second(20 << 20, 1000);
    }
    assertThat(speed.bytesPerSecond(now)).isBetween(20L << 20, 30L << 20);
    assertThat(speed.bytesPerSecond(now + 600 * SECOND)).isBetween(10L << 20, 15L << 20);
  }

  @Test
  void looksThatFollowTooSoonAreOne() {
    second(0, 0);
    long first = now;
    speed.look(new Traffic(1 << 20, 0, 1 << 20, Duration.ofMillis(1), 0, 0), first + 1_000_000);
    assertThat(speed.bytesPerSecond(first + 1_000_000)).isZero();
  }
}
