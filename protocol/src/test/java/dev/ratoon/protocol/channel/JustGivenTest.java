package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class JustGivenTest {
  private static final HostId ONE = Fleet.host(1);
  private static final HostId TWO = Fleet.host(2);
  private static final DiskId DISK = Link.disk(1);
  private static final byte[] CONTENT = FakeBase.noise(10 * Limits.PIECE_BYTES, 1);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1000);
  private final JustGiven justGiven = new JustGiven(now::get);

  @Test
  void whatAnotherHostWasJustGivenNeedNotBeGiven() {
    assertThat(justGiven.give(DISK, 7, ONE, true)).isTrue();

    assertThat(justGiven.give(DISK, 7, TWO, true)).isFalse();
    assertThat(justGiven.give(DISK, 8, TWO, true)).isTrue();
    assertThat(justGiven.give(Link.disk(2), 7, TWO, true)).isTrue();
  }

  @Test
  void whoAsksAgainIsGivenIt() {
    assertThat(justGiven.give(DISK, 7, ONE, true)).isTrue();

    assertThat(justGiven.give(DISK, 7, ONE, true)).isTrue();
    assertThat(justGiven.give(DISK, 7, TWO, false)).isTrue();
  }

  @Test
  void whatWasNotGivenAfterAllIsForgotten() {
    assertThat(justGiven.give(DISK, 7, ONE, true)).isTrue();
    justGiven.forget(DISK, 7, TWO);
    assertThat(justGiven.give(DISK, 7, TWO, true)).isFalse();

    justGiven.forget(DISK, 7, ONE);
    assertThat(justGiven.give(DISK, 7, TWO, true)).isTrue();
  }

  @Test
  void afterAWhileItIsForgotten() {
    assertThat(justGiven.give(DISK, 7, ONE, true)).isTrue();
    now.addAndGet(JustGiven.NANOS - 1);
    assertThat(justGiven.give(DISK, 7, TWO, true)).isFalse();

    now.incrementAndGet();
    assertThat(justGiven.give(DISK, 7, TWO, true)).isTrue();
  }

  @Test
  void ofVeryManyTheFirstAreForgottenEarlier() {
    for (int chunk = 0; chunk <= JustGiven.MOST; chunk++) {
      assertThat(justGiven.give(DISK, chunk, ONE, true)).isTrue();
    }

    assertThat(justGiven.give(DISK, JustGiven.MOST, TWO, true)).isFalse();
    assertThat(justGiven.give(DISK, 0, TWO, true)).isTrue();
  }

  @Test
  void aSourceGivesAChunkOnceToHostsThatSpareIt() {
    try (Link link =
            new Link(Link.serving(Packing.NEVER, Rates.none()), Link.asking(16), now::get);
        ChunkClient other = new ChunkClient(() -> Fleet.ONE.tls(Fleet.host(3)), Link.asking(16))) {
      DiskId disk = link.give(FakeBase.ready(CONTENT));
      PeerStream first = link.connect().stream(disk, Link.GRANT, new Link.Heard());
      PeerStream second =
          other.open(link.server.address(), Link.SOURCE).stream(disk, Link.GRANT, new Link.Heard());
      assertThat(sparing(first, Run.of(0, 6)).complete()).hasSize(6);

      Spared spared = sparing(second, Run.of(4, 4));
      assertThat(spared.complete().keySet()).containsExactlyInAnyOrder(6, 7);
      assertThat(spared.elsewhere).containsExactlyInAnyOrder(4, 5);
      Collected again = new Collected();
      ChunkRequest _ = second.request(Part.CONTENT, List.of(Run.of(4, 2)), Priority.DEPLOY, again);
      assertThat(again.complete()).hasSize(2);
      assertThat(link.reports).isEmpty();
    }
  }

  private static Spared sparing(PeerStream stream, Run run) {
    Spared spared = new Spared();
    ChunkRequest _ = stream.requestLater(List.of(run), Priority.DEPLOY, true, spared);
    stream.flush();
    return spared;
  }

  private static final class Spared extends Collected {
    final List<Integer> elsewhere = new CopyOnWriteArrayList<>();

    @Override
    public void elsewhere(int piece) {
      elsewhere.add(piece);
    }
  }
}
