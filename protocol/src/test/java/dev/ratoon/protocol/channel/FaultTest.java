package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Links that break or stall, and receivers that are slow. */
class FaultTest {
  private static final int CHUNKS = 1000;
  private static final Timeouts QUICK =
      new Timeouts(Duration.ofSeconds(20), Duration.ofMillis(100), Duration.ofMillis(800));

  private final Link link =
      new Link(
          new ServingSettings(QUICK, 8, 4, Packing.NEVER, Rates.none()),
          new AskerSettings(QUICK, 8, 2));
  private final FakeBase base = FakeBase.endless(FakeBase.noise(1 << 20, 1), CHUNKS);
  private final DiskId disk = link.give(base);
  private final Link.Heard heard = new Link.Heard();
  private Relay relay;

  @BeforeEach
  void open() throws IOException {
    relay = new Relay(link.server.address());
  }

  @AfterEach
  void close() throws IOException {
    relay.close();
    link.close();
  }

  @Test
  void aConnectionThatIsCutIsNoticedByBothSides() throws IOException {
    Slow slow = new Slow();
    PeerStream stream = stream(slow);
    slow.allow(20);
    Await.until(() -> slow.pieces().size() == 20);
    relay.cut();
    slow.allow(CHUNKS);

    assertThat(slow.problem().code()).isEqualTo(ErrorCode.PEER_UNREACHABLE);
    assertThat(slow.pieces()).hasSizeBetween(20, 29);
    assertThat(stream.isOpen()).isFalse();
    Await.until(() -> heard.whyClosed().isPresent());
    assertGivenBack();
  }

  @Test
  void aLinkThatMovesNothingIsGivenUpByBothSides() throws IOException {
    Slow slow = new Slow();
    PeerStream stream = stream(slow);
    slow.allow(20);
    Await.until(() -> slow.pieces().size() == 20);
    relay.stall();
    slow.allow(CHUNKS);

    assertThat(slow.problem().code()).isEqualTo(ErrorCode.PEER_UNREACHABLE);
    assertThat(slow.problem().detail()).contains("800 ms");
    assertThat(stream.isOpen()).isFalse();
    assertGivenBack();
  }

  @Test
  void anIdleConnectionIsKept() throws IOException {
    PeerConnection connection = link.client.open(relay.address(), Link.SOURCE);
    PeerStream stream = connection.stream(disk, Link.GRANT, heard);
    long before = relay.passed.get();
    // So many pings and pongs take several times as long as silence may last.
    Await.until(() -> relay.passed.get() > before + 60 * 40);
    assertThat(connection.isOpen()).isTrue();
    assertThat(stream.isOpen()).isTrue();
  }

  @Test
  void aSlowReceiverSlowsTheSourceAndKeepsItsConnection() throws IOException {
    Slow slow = new Slow();
    PeerStream stream = stream(slow);
    // The window and not one more was read, and that is all that ever left the source.
    Await.until(() -> base.reads.size() == 8);
    long before = relay.passed.get();
    assertThat(before).isLessThan(9 * Limits.PIECE_BYTES);
    Await.until(() -> relay.passed.get() > before + 60 * 40);
    assertThat(base.reads).hasSize(8);
    assertThat(stream.isOpen()).isTrue();

    slow.allow(100);
    Await.until(() -> slow.pieces().size() == 100);
    assertThat(base.reads).hasSizeBetween(100, 108);
    slow.allow(CHUNKS);
    assertThat(slow.complete()).hasSize(CHUNKS);
  }

  @Test
  void anAskerThatIsHeldUpLongerThanSilenceMayLastKeepsAFullConnection() throws IOException {
    ServingSettings serving = new ServingSettings(QUICK, 8, 4, Packing.NEVER, Rates.none());
    AskerSettings greedy = new AskerSettings(QUICK, Limits.WINDOW, 2);
    try (Link wide = new Link(serving, greedy);
        Relay between = new Relay(wide.server.address())) {
      Semaphore reads = new Semaphore(1);
      base.beforeRead = reads::acquireUninterruptibly;
      Slow slow = new Slow();
      PeerConnection connection = wide.client.open(between.address(), Link.SOURCE);
      PeerStream stream = connection.stream(wide.give(base), Link.GRANT, heard);
      ChunkRequest _ =
          stream.request(Part.CONTENT, List.of(Run.of(0, CHUNKS)), Priority.DEPLOY, slow);
      // The first piece comes alone, so that the reading thread itself is held up by it.
      Await.until(slow::isHeldUp);
      reads.release(CHUNKS);
      // What is under way then fits into no socket: the source's is full, and stays so.
      awaitNothingMoreRead();
      long before = between.passed.get();
      Await.until(() -> between.passed.get() > before + 60 * 12);
      assertThat(base.reads.size()).isLessThan(CHUNKS);
      assertThat(wide.server.connectionCount()).isEqualTo(1);
      assertThat(stream.isOpen()).isTrue();

      slow.allow(CHUNKS);
      assertThat(slow.complete()).hasSize(CHUNKS);
    }
  }

  @Test
  void aConnectionThatIsCutIsNoticedWhileItsReaderIsHeldUp() throws IOException {
    Semaphore reads = new Semaphore(1);
    base.beforeRead = reads::acquireUninterruptibly;
    Slow slow = new Slow();
    PeerConnection connection = link.client.open(relay.address(), Link.SOURCE);
    PeerStream stream = connection.stream(disk, Link.GRANT, heard);
    ChunkRequest _ =
        stream.request(Part.CONTENT, List.of(Run.of(0, CHUNKS)), Priority.DEPLOY, slow);
    Await.until(slow::isHeldUp);
    relay.cut();
    // So that whoever wants something of the source opens another one.
    Await.until(() -> !connection.isOpen());
    assertThat(slow.isHeldUp()).isTrue();

    reads.release(CHUNKS);
    slow.allow(CHUNKS);
    assertThat(slow.problem().code()).isEqualTo(ErrorCode.PEER_UNREACHABLE);
  }

  private void awaitNothingMoreRead() {
    AtomicInteger read = new AtomicInteger(-1);
    AtomicLong since = new AtomicLong();
    Await.until(() -> {
      long now = System.nanoTime();
      if (read.getAndSet(base.reads.size()) != base.reads.size()) {
        since.set(now);
      }
      return read.get() > 0 && now - since.get() > 300_000_000L;
    });
  }

  @Test
  void anAskerThatReadsNothingIsGivenUpAndBounded() throws IOException, BrokenRule {
    // What repeats itself does so too late to be packed.
    FakeBase large = FakeBase.endless(FakeBase.noise(1 << 22, 1), 4096);
    DiskId largeDisk = link.give(large);
    try (RawPeer deaf = RawPeer.asker(link.server.address())) {
      deaf.send(new Frame.Hello(Limits.WINDOW));
      deaf.send(new Frame.Open(1, largeDisk, ByteBuffer.wrap(Link.GRANT)));
      deaf.send(new Frame.Request(1, 1, Part.CONTENT, Priority.DEPLOY, List.of(Run.of(0, 1024))));
      deaf.send(new Frame.Request(1, 2, Part.CONTENT, Priority.DEPLOY, List.of(Run.of(0, 1024))));
      // It sends pings, so it seems to live, but takes nothing.
      Await.until(() -> {
        try {
          deaf.send(new Frame.Ping(1));
          return link.server.connectionCount() == 0;
        } catch (IOException ended) {
          return true;
        }
      });
    }
    Await.until(() -> link.server.connectionCount() == 0);
    assertThat(large.reads.size()).isLessThan(1024);
    assertThat(link.reports).last().satisfies(p -> assertThat(p.detail()).contains("taken"));
    assertThat(large.closes).hasValue(1);
  }

  @Test
  void aSourceThatStallsInADiskKeepsTheConnection() throws IOException {
    Semaphore reads = new Semaphore(0);
    base.beforeRead = reads::acquireUninterruptibly;
    Collected collected = new Collected();
    PeerConnection connection = link.client.open(relay.address(), Link.SOURCE);
    PeerStream stream = connection.stream(disk, Link.GRANT, heard);
    ChunkRequest _ =
        stream.request(Part.CONTENT, List.of(Run.of(0, 3)), Priority.DEPLOY, collected);
    long before = relay.passed.get();
    Await.until(() -> relay.passed.get() > before + 60 * 40);
    assertThat(connection.isOpen()).isTrue();
    reads.release(3);
    assertThat(collected.complete()).hasSize(3);
  }

  private PeerStream stream(Receiver receiver) throws IOException {
    PeerConnection connection = link.client.open(relay.address(), Link.SOURCE);
    PeerStream stream = connection.stream(disk, Link.GRANT, heard);
    ChunkRequest _ =
        stream.request(Part.CONTENT, List.of(Run.of(0, CHUNKS)), Priority.DEPLOY, receiver);
    return stream;
  }

  private void assertGivenBack() {
    Await.until(() -> link.server.connectionCount() == 0);
    assertThat(base.closes).hasValue(1);
    assertThat(link.reports)
        .last()
        .satisfies(p -> assertThat(p.code()).isEqualTo(ErrorCode.PEER_UNREACHABLE));
  }

  /** Takes as many pieces as it is allowed to. */
  private static final class Slow extends Collected {
    private final Semaphore allowed = new Semaphore(0);

    void allow(int pieces) {
      allowed.release(pieces);
    }

    boolean isHeldUp() {
      return allowed.hasQueuedThreads();
    }

    @Override
    public void arrived(int piece, int blocks, ByteBuffer bytes) {
      allowed.acquireUninterruptibly();
      super.arrived(piece, blocks, bytes);
    }
  }
}
