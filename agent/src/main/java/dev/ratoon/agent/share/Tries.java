package dev.ratoon.agent.share;

import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.Withdrawal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Which orders to remove a base from a share were tried, by this host's own clock, which only goes
 * forward. The server recalls them after as long; one that cannot does not have them tried for
 * ever.
 */
final class Tries {
  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final NanoClock clock;
  private final Map<Order, Long> begunNanos = new ConcurrentHashMap<>();

  private record Order(EntityName share, DiskId base, String order) {
    static Order of(EntityName share, Withdrawal asked) {
      return new Order(share, asked.base(), asked.order());
    }
  }

  Tries(NanoClock clock) {
    this.clock = clock;
  }

  /** Whether it may be tried; from the first time on only for so long. */
  boolean begin(EntityName share, Withdrawal asked) {
    long now = clock.nanos();
    Long begun = begunNanos.putIfAbsent(Order.of(share, asked), now);
    return begun == null || now - begun < LONGEST.toNanos();
  }

  /** Whether it was tried, and may therefore have happened, or happen yet. */
  boolean has(EntityName share, Withdrawal asked) {
    return begunNanos.containsKey(Order.of(share, asked));
  }

  /** Forgets what is not asked any more. That nothing is asked just now says nothing. */
  void keep(List<DesiredShare> wanted) {
    Set<Order> asked =
        wanted.stream()
            .flatMap(share -> share.leaving().stream().map(each -> Order.of(share.name(), each)))
            .collect(Collectors.toSet());
    if (!asked.isEmpty()) {
      begunNanos.keySet().retainAll(asked);
    }
  }
}
