package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class GatheringTest {
  private static final long BEGUN = System.nanoTime();
  private final Gathering gathering = new Gathering();
  private long now = BEGUN;

  private void receive(int times, int bytes, long everyNanos) {
    for (int i = 0; i < times; i++) {
      now += everyNanos;
      gathering.received(bytes, false, now);
    }
  }

  @Test
  void slowBulkIsGathered() {
    receive(100, 9_000, 720_000); // 12.5 MB/s
    assertThat(gathering.pauseNanos()).isEqualTo(2_000_000);
    receive(100, 60_000, 1_200_000); // 50 MB/s
    assertThat(gathering.pauseNanos()).isBetween(600_000L, 700_000L);
  }

  @Test
  void fastBulkIsReadAtOnce() {
    receive(100, 64 << 10, 60_000);
    assertThat(gathering.pauseNanos()).isZero();
  }

  @Test
  void wordsAreReadAtOnce() {
    receive(100, 200, 5_000_000);
    assertThat(gathering.pauseNanos()).isZero();
  }

  @Test
  void afterALullNothingIsWaitedFor() {
    receive(100, 9_000, 720_000);
    receive(1, 9_000, 60_000_000);
    assertThat(gathering.pauseNanos()).isZero();
  }

  @Test
  void whereMoreIsWaitingItIsReadAtOnce() {
    receive(100, 9_000, 720_000);
    gathering.received(9_000, true, now + 720_000);
    assertThat(gathering.pauseNanos()).isZero();
  }

  /** Where the socket holds little, the sender waits for us: that must not make us wait longer. */
  @Test
  void whatAPauseItselfHoldsUpIsWaitedForEverShorter() {
    int socketBytes = 64 << 10;
    receive(20, socketBytes, 2_000_000);
    long first = gathering.pauseNanos();
    for (int i = 0; i < 50; i++) {
      receive(1, socketBytes, gathering.pauseNanos() + 20_000);
    }
    assertThat(gathering.pauseNanos()).isLessThan(first / 5);
  }
}
