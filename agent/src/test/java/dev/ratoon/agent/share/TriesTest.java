package dev.ratoon.agent.share;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ShareKind;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.Withdrawal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TriesTest {
  private static final EntityName SHARE = new EntityName("vm-cache");
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);
  private final Tries tries = new Tries(nanos::get);

  private static Withdrawal asked(String order, int step, boolean remove) {
    return new Withdrawal(new DiskId("ab".repeat(32)), order, step, remove);
  }

  @Test
  void anOrderIsTriedForTenMinutesAndAnotherAnew() {
    assertThat(tries.has(SHARE, asked("one", 2, true))).isFalse();
    assertThat(tries.begin(SHARE, asked("one", 2, true))).isTrue();
    nanos.addAndGet(Duration.ofMinutes(10).toNanos() - 1);
    assertThat(tries.begin(SHARE, asked("one", 2, true))).isTrue();
    nanos.incrementAndGet();
    assertThat(tries.begin(SHARE, asked("one", 2, true))).isFalse();
    assertThat(tries.has(SHARE, asked("one", 3, false))).isTrue();
    assertThat(tries.has(SHARE, asked("two", 1, false))).isFalse();
    assertThat(tries.begin(SHARE, asked("two", 2, true))).isTrue();
  }

  @Test
  void whatIsNotAskedAnyMoreIsForgotten() {
    assertThat(tries.begin(SHARE, asked("one", 2, true))).isTrue();
    tries.keep(List.of());
    assertThat(tries.has(SHARE, asked("one", 3, false))).isTrue();
    tries.keep(List.of(leaving(asked("two", 1, false))));
    assertThat(tries.has(SHARE, asked("one", 3, false))).isFalse();
  }

  private static DesiredShare leaving(Withdrawal asked) {
    return new DesiredShare(
        SHARE,
        ShareKind.MOUNTED,
        "/mnt",
        Optional.empty(),
        Optional.empty(),
        false,
        List.of(),
        List.of(asked));
  }
}
