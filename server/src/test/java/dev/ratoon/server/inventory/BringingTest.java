package dev.ratoon.server.inventory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Hosts that are to bring a base are known to be about to have it, for a while. */
class BringingTest {
  private static final DiskId BASE = new DiskId("ab".repeat(32));
  private static final DiskId OTHER = new DiskId("cd".repeat(32));

  private final HostId first = new HostId(new UUID(0, 1));
  private final HostId second = new HostId(new UUID(0, 2));
  private Instant now = Instant.EPOCH;
  private final Bringing bringing = new Bringing(() -> now);

  @Test
  void whoAsksIsRememberedForThatBase() {
    bringing.note(first, BASE);
    bringing.note(second, BASE);
    assertThat(bringing.hosts(BASE)).containsExactlyInAnyOrder(first, second);
    assertThat(bringing.hosts(OTHER)).isEmpty();
  }

  @Test
  void whoAsksNoLongerIsForgotten() {
    bringing.note(first, BASE);
    bringing.note(second, BASE);
    now = now.plusSeconds(15);
    bringing.note(first, BASE);
    now = now.plusSeconds(15);
    assertThat(bringing.hosts(BASE)).containsExactly(first);
    now = now.plusSeconds(15);
    assertThat(bringing.hosts(BASE)).isEmpty();
  }
}
