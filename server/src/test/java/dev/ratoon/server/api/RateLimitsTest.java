package dev.ratoon.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.server.tenants.Caller;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RateLimitsTest {
  private static final Caller ONE = new Caller("default", "one", Set.of());
  private static final Caller OTHER = new Caller("default", "other", Set.of());

  private final AtomicLong now = new AtomicLong();

  @Test
  void letsABurstThroughAndThenARate() {
    RateLimits limits = new RateLimits(10, now::get);
    for (int i = 0; i < 20; i++) {
      limits.count(ONE);
    }
    assertRefused(limits, ONE);
    limits.count(OTHER);

    now.addAndGet(500_000_000);
    for (int i = 0; i < 5; i++) {
      limits.count(ONE);
    }
    assertRefused(limits, ONE);
  }

  @Test
  void whoIsRefusedIsNotPunished() {
    RateLimits limits = new RateLimits(1, now::get);
    limits.count(ONE);
    limits.count(ONE);
    for (int i = 0; i < 100; i++) {
      assertRefused(limits, ONE);
    }
    now.addAndGet(1_000_000_000);
    limits.count(ONE);
  }

  @Test
  void zeroIsNoLimit() {
    RateLimits limits = new RateLimits(0, now::get);
    for (int i = 0; i < 10_000; i++) {
      limits.count(ONE);
    }
    assertThat(now.get()).isZero();
  }

  private static void assertRefused(RateLimits limits, Caller caller) {
    assertThatThrownBy(() -> limits.count(caller))
        .isInstanceOfSatisfying(
            RatoonException.class,
            refused -> assertThat(refused.problem().code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS));
  }
}
