package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The channel from end to end, over loopback and with real certificates. */
class ChunkChannelTest {
  private static final int CHUNKS = 21;
  private static final byte[] CONTENT = FakeBase.noise((CHUNKS - 1) * Limits.PIECE_BYTES + 5000, 1);
  private static final Problem GONE = Problem.of(ErrorCode.BASE_ALTERED, "serving a base");

  private final Link link = Link.usual();

  @AfterEach
  void close() {
    link.close();
  }

  @Test
  void bringsAllChunksOfABase() {
    PeerStream stream = link.stream(FakeBase.ready(CONTENT));
    assertThat(stream.sizeBytes()).isEqualTo(CONTENT.length);
    assertThat(stream.isComplete()).isTrue();

    assertContent(ask(stream, Run.of(0, CHUNKS)).complete());
    assertThat(link.askers).singleElement().extracting(Peer::host).isEqualTo(Link.ASKER);
    Traffic traffic = link.client.traffic();
    assertThat(traffic.pieceBytes()).isEqualTo(CONTENT.length);
    assertThat(traffic.bytesPerSecond()).isPositive();
    assertThat(traffic.wireBytesIn()).isBetween((long) CONTENT.length, CONTENT.length + 20_000L);
    Await.until(() -> link.server.traffic().wireBytesOut() == link.client.traffic().wireBytesIn());
  }

  @Test
  void bringsManifestAndFingerprints() {
    FakeBase base = FakeBase.ready(FakeBase.noise(300 * Limits.PIECE_BYTES, 2));
    PeerStream stream = link.stream(base);
    Duration patience = Duration.ofSeconds(20);
    for (Part part : List.of(Part.MANIFEST, Part.FINGERPRINTS)) {
      assertThat(stream.read(part, Priority.DEPLOY, 1 << 20, patience)).isEqualTo(base.bytes(part));
    }
    assertThat(code(() -> stream.read(Part.MANIFEST, Priority.DEPLOY, 1000, patience)))
        .isEqualTo(ErrorCode.TOO_LARGE);
  }

  @Test
  void bringsOnlyTheBlocksThatAreAskedFor() {
    PeerStream stream = link.stream(FakeBase.ready(CONTENT));
    // The last chunk has 5,000 bytes: one whole block, and one of 904.
    Map<Integer, byte[]> pieces =
        ask(stream, Run.blocksOf(3, 0b1000_0000_0001_0110), Run.blocksOf(20, 0b1110)).complete();

    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    for (int block : new int[] {1, 2, 4, 15}) {
      expected.write(
          CONTENT, 3 * Limits.PIECE_BYTES + block * Limits.BLOCK_BYTES, Limits.BLOCK_BYTES);
    }
    assertThat(pieces.get(3)).isEqualTo(expected.toByteArray());
    assertThat(pieces.get(20))
        .isEqualTo(Arrays.copyOfRange(CONTENT, CONTENT.length - 904, CONTENT.length));
    assertThat(link.client.traffic().wireBytesIn()).isLessThan(40_000);
  }

  @Test
  void packsWhatShrinks() {
    try (Link packing =
        new Link(Link.serving(Packing.WHERE_SMALLER, Rates.none()), Link.asking(16))) {
      byte[] content = CONTENT.clone();
      Arrays.fill(content, 0, 15 * Limits.PIECE_BYTES + 1000, (byte) 7);
      PeerStream stream = packing.stream(FakeBase.ready(content));
      assertPieces(ask(stream, Run.of(0, CHUNKS)).complete(), content);
      assertThat(packing.client.traffic().wireBytesIn()).isLessThan(6 * Limits.PIECE_BYTES);
      assertThat(packing.client.traffic().pieceBytes()).isEqualTo(content.length);
    }
  }

  @Test
  void refusesWithTheDoormansProblem() {
    DiskId disk = link.give(FakeBase.ready(CONTENT));
    PeerConnection connection = link.connect();
    Link.Heard heard = new Link.Heard();
    assertThat(code(() -> connection.stream(disk, new byte[] {9}, heard)))
        .isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(code(() -> connection.stream(Link.disk(99), Link.GRANT, heard)))
        .isEqualTo(ErrorCode.BASE_MISSING);
    assertThat(code(() -> connection.stream(disk, new byte[5000], heard)))
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(connection.stream(disk, Link.GRANT, heard).isOpen()).isTrue();
  }

  @Test
  void saysWhatItHasWhileItStillReceives() {
    FakeBase base = FakeBase.arriving(CONTENT);
    base.arrive(2);
    base.arrive(19);
    Link.Heard heard = new Link.Heard();
    PeerStream stream = link.stream(base, heard);
    assertThat(stream.isComplete()).isFalse();
    Await.until(() -> heard.there().equals(chunks(2, 19)));

    Collected collected = ask(stream, Run.of(1, 2));
    assertThat(collected.complete()).containsOnlyKeys(2);
    assertThat(collected.lacking()).containsOnlyKeys(1);
    assertThat(collected.lackingCode(1)).contains(ErrorCode.NOT_FOUND);

    base.arrive(1);
    base.arrive(20);
    Await.until(() -> heard.there().equals(chunks(1, 2, 19, 20)));
    assertThat(ask(stream, Run.of(1, 2)).complete()).containsOnlyKeys(1, 2);
  }

  @Test
  void passesABaseOnWhileItArrives() {
    FakeBase here = FakeBase.ready(CONTENT);
    FakeBase middle = FakeBase.arriving(CONTENT);
    PeerStream first = link.stream(here);
    Link.Heard heard = new Link.Heard();
    PeerStream second = link.stream(middle, heard);
    Collected passing =
        new Collected() {
          @Override
          public void arrived(int piece, int blocks, ByteBuffer bytes) {
            super.arrived(piece, blocks, bytes);
            middle.arrive(piece);
          }
        };
    ChunkRequest _ =
        first.request(Part.CONTENT, List.of(Run.of(0, CHUNKS)), Priority.DEPLOY, passing);
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int next = chunk;
      Await.until(() -> heard.there().get(next));
      assertThat(ask(second, Run.of(chunk, 1)).complete()).containsOnlyKeys(chunk);
    }
  }

  @Test
  void aBaseThatIsWithdrawnEndsItsStreamAlone() {
    FakeBase base = FakeBase.ready(CONTENT);
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    base.beforeRead = () -> pause(reading, go);
    Link.Heard heard = new Link.Heard();
    PeerConnection connection = link.connect();
    PeerStream stream = connection.stream(link.give(base), Link.GRANT, heard);
    Collected collected = ask(stream, Run.of(0, CHUNKS));
    awaitLatch(reading);
    base.withdraw(GONE);
    go.countDown();

    assertThat(collected.problem()).isEqualTo(GONE);
    Await.until(() -> heard.whyClosed().isPresent());
    assertThat(heard.whyClosed()).contains(GONE);
    assertThat(base.closes).hasValue(1);
    assertThat(code(() -> ask(stream, Run.of(0, 1)))).isEqualTo(GONE.code());
    PeerStream other =
        connection.stream(link.give(FakeBase.ready(CONTENT)), Link.GRANT, new Link.Heard());
    assertContent(ask(other, Run.of(0, CHUNKS)).complete());
  }

  @Test
  void carriesSeveralStreamsAtOnce() {
    PeerConnection connection = link.connect();
    List<Collected> all = new ArrayList<>();
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      contents.add(FakeBase.noise(CONTENT.length, 100 + i));
      DiskId disk = link.give(FakeBase.ready(contents.get(i)));
      PeerStream stream = connection.stream(disk, Link.GRANT, new Link.Heard());
      for (int j = 0; j < 3; j++) {
        all.add(ask(stream, Run.of(j * 7, 7)));
      }
    }
    for (int i = 0; i < 4; i++) {
      Map<Integer, byte[]> pieces = all.get(3 * i).complete();
      pieces.putAll(all.get(3 * i + 1).complete());
      pieces.putAll(all.get(3 * i + 2).complete());
      assertPieces(pieces, contents.get(i));
    }
  }

  @Test
  void whatIsCancelledIsNotSent() {
    FakeBase base = FakeBase.ready(CONTENT);
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    base.beforeRead = () -> pause(reading, go);
    PeerStream stream = link.stream(base);
    Collected cancelled = new Collected();
    ChunkRequest request =
        stream.request(Part.CONTENT, List.of(Run.of(0, 20)), Priority.DEPLOY, cancelled);
    awaitLatch(reading);
    request.cancel();
    request.cancel();
    assertThat(cancelled.problem().code()).isEqualTo(ErrorCode.INTERRUPTED);
    // A second request and its answer say that the source has heard of the cancellation.
    Collected after = ask(stream, Run.of(20, 1));
    link.server.traffic();
    go.countDown();
    assertThat(after.complete()).containsOnlyKeys(20);
    assertThat(base.reads).hasSizeLessThan(20).contains(20);
    assertThat(cancelled.pieces()).isEmpty();
    Await.until(() -> stream.room() == Limits.REQUESTS);
  }

  @Test
  void aReceiverThatThrowsHasCancelled() {
    PeerStream stream = link.stream(FakeBase.ready(CONTENT));
    Collected full =
        new Collected() {
          @Override
          public void arrived(int piece, int blocks, ByteBuffer bytes) {
            throw Problem.of(ErrorCode.DISK_FULL, "keeping a piece").asException();
          }
        };
    ChunkRequest _ =
        stream.request(Part.CONTENT, List.of(Run.of(0, CHUNKS)), Priority.DEPLOY, full);
    assertThat(full.problem().code()).isEqualTo(ErrorCode.DISK_FULL);
    assertContent(ask(stream, Run.of(0, CHUNKS)).complete());
  }

  @Test
  void whatCannotBeReadIsLacking() {
    FakeBase base = FakeBase.ready(CONTENT);
    base.beforeRead =
        () -> {
          if (base.reads.getLast() == 4) {
            throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading a chunk").asException();
          }
        };
    Collected collected = ask(link.stream(base), Run.of(0, CHUNKS));
    assertThat(collected.complete()).hasSize(CHUNKS - 1).doesNotContainKey(4);
    assertThat(collected.lackingCode(4)).contains(ErrorCode.FILE_UNREADABLE);
  }

  @Test
  void closingAStreamGivesTheBaseBack() {
    FakeBase base = FakeBase.ready(CONTENT);
    PeerConnection connection = link.connect();
    DiskId disk = link.give(base);
    for (int i = 1; i <= Limits.STREAMS + 5; i++) {
      PeerStream stream = connection.stream(disk, Link.GRANT, new Link.Heard());
      Collected collected = ask(stream, Run.of(0, 3));
      stream.close();
      stream.close();
      assertThat(stream.isOpen()).isFalse();
      Await.until(collected::hasEnded);
      int times = i;
      Await.until(() -> base.closes.get() == times);
    }
    assertThat(connection.isOpen()).isTrue();
  }

  @Test
  void closingAConnectionEndsEverything() {
    FakeBase base = FakeBase.ready(CONTENT);
    CountDownLatch go = new CountDownLatch(1);
    base.beforeRead = () -> awaitLatch(go);
    PeerConnection connection = link.connect();
    PeerStream stream = connection.stream(link.give(base), Link.GRANT, new Link.Heard());
    Collected collected = ask(stream, Run.of(0, CHUNKS));
    connection.close();
    assertThat(collected.problem().code()).isEqualTo(ErrorCode.INTERRUPTED);
    assertThat(connection.isOpen()).isFalse();
    assertThat(code(() -> ask(stream, Run.of(0, 1)))).isEqualTo(ErrorCode.INTERRUPTED);
    go.countDown();
    Await.until(() -> link.server.connectionCount() == 0);
    assertThat(base.closes).hasValue(1);
    assertThat(link.reports).isEmpty();
  }

  @Test
  void aSourceThatStopsSaysSo() {
    Link.Heard heard = new Link.Heard();
    PeerStream stream = link.stream(FakeBase.arriving(CONTENT), heard);
    link.server.close();
    Await.until(() -> heard.whyClosed().isPresent());
    assertThat(heard.whyClosed().orElseThrow().detail()).contains("stops serving");
    assertThat(stream.isOpen()).isFalse();
  }

  @Test
  void keepsItsOwnLimits() {
    FakeBase base = FakeBase.ready(CONTENT);
    CountDownLatch go = new CountDownLatch(1);
    base.beforeRead = () -> awaitLatch(go);
    PeerConnection connection = link.connect();
    PeerStream stream = connection.stream(link.give(base), Link.GRANT, new Link.Heard());
    for (int i = 0; i < Limits.REQUESTS; i++) {
      Collected _ = ask(stream, Run.of(0, 1));
    }
    assertThat(stream.room()).isZero();
    assertThat(code(() -> ask(stream, Run.of(0, 1)))).isEqualTo(ErrorCode.BUSY);
    assertThat(code(() -> ask(stream, Run.of(CHUNKS, 1)))).isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(code(() -> ask(stream, Run.of(0, 2), Run.of(1, 1))))
        .isEqualTo(ErrorCode.INVALID_VALUE);
    go.countDown();
    Await.until(() -> stream.room() == Limits.REQUESTS);

    for (int i = 1; i < Limits.STREAMS; i++) {
      PeerStream _ = connection.stream(Link.disk(1), Link.GRANT, new Link.Heard());
    }
    assertThat(code(() -> connection.stream(Link.disk(1), Link.GRANT, new Link.Heard())))
        .isEqualTo(ErrorCode.BUSY);
  }

  @Test
  void whoAsksAgainAtOnceBreaksNoRule() throws Exception {
    PeerStream stream = link.stream(FakeBase.ready(CONTENT));
    Semaphore room = new Semaphore(Limits.REQUESTS);
    for (int i = 0; i < 3000; i++) {
      room.acquire();
      ChunkRequest _ =
          stream.request(
              Part.CONTENT,
              List.of(Run.blocksOf(0, 1)),
              Priority.DEPLOY,
              new Collected() {
                @Override
                public synchronized void completed() {
                  room.release();
                }

                @Override
                public synchronized void failed(Problem why) {
                  room.release();
                }
              });
    }
    room.acquire(Limits.REQUESTS);
    assertThat(stream.isOpen()).isTrue();
    assertThat(link.reports).isEmpty();
  }

  @Test
  void turnsAwayWhoHasTooManyConnections() {
    for (int i = 0; i < 4; i++) {
      PeerConnection _ = link.connect();
    }
    assertThat(code(link::connect)).isEqualTo(ErrorCode.BUSY);
  }

  private static Collected ask(PeerStream stream, Run... runs) {
    Collected collected = new Collected();
    ChunkRequest _ = stream.request(Part.CONTENT, List.of(runs), Priority.DEPLOY, collected);
    return collected;
  }

  private static ErrorCode code(ThrowingCallable call) {
    return catchThrowableOfType(RatoonException.class, call).problem().code();
  }

  private static BitSet chunks(int... numbers) {
    BitSet set = new BitSet();
    Arrays.stream(numbers).forEach(set::set);
    return set;
  }

  private static void pause(CountDownLatch reached, CountDownLatch go) {
    reached.countDown();
    awaitLatch(go);
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static void assertContent(Map<Integer, byte[]> pieces) {
    assertPieces(pieces, CONTENT);
  }

  private static void assertPieces(Map<Integer, byte[]> pieces, byte[] content) {
    assertThat(pieces).hasSize(new Pieces(content.length).count());
    pieces.forEach((piece, bytes) -> {
      int from = piece * Limits.PIECE_BYTES;
      int to = Math.min(content.length, from + Limits.PIECE_BYTES);
      assertThat(bytes).isEqualTo(Arrays.copyOfRange(content, from, to));
    });
  }
}
