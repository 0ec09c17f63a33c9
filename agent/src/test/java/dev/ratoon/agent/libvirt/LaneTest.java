package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class LaneTest {
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final int CALLS = 5;

  @Test
  void callsThatHangHoldUpNoOther() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(CALLS);
    try (Lane lane = new Lane("lane-test", 1)) {
      for (int i = 0; i < CALLS; i++) {
        assertThatThrownBy(() ->
                lane.call(
                    "hanging",
                    SHORT,
                    () -> {
                      hangs.await();
                      ended.countDown();
                      return 1;
                    }))
            .hasMessageContaining("timed-out");
      }

      assertThat(lane.<Integer>call("asking", LONG, () -> 2)).isEqualTo(2);

      hangs.countDown();
      ended.await();
      assertThat(lane.<Integer>call("asking again", LONG, () -> 3)).isEqualTo(3);
    }
  }

  @Test
  void whatHasNotBegunWhenItsCallerLeavesNeverDoes() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    try (Lane lane = new Lane("lane-test", 1)) {
      Thread first =
          Thread.ofVirtual()
              .start(() ->
                  lane.call(
                      "holding the only thread",
                      LONG,
                      () -> {
                        begun.countDown();
                        hangs.await();
                        return 1;
                      }));
      begun.await();
      boolean[] done = {false};
      assertThatThrownBy(() -> lane.call("waiting", SHORT, () -> done[0] = true))
          .hasMessageContaining("timed-out");

      hangs.countDown();
      first.join();
      assertThat(lane.<Integer>call("asking", LONG, () -> 2)).isEqualTo(2);
      assertThat(done[0]).isFalse();
    }
  }
}
