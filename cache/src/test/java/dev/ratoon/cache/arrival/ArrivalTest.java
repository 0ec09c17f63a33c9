package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.ARRIVING_PEER;
import static dev.ratoon.cache.arrival.Source.Kind.LIBRARY;
import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.cache.Base;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A base arrives from sources of every sort, once, and is what its id says. */
class ArrivalTest {
  private static final int SIZE = (6 << 20) + 5 * 512;

  @TempDir Path work;
  private TestHost host;
  private TestBase base;

  @BeforeEach
  void open() throws Exception {
    host = new TestHost(work.resolve("cache"));
    base = TestBase.random(work, SIZE, 1);
  }

  @AfterEach
  void close() throws Exception {
    host.close();
  }

  /** Lets seconds pass quickly. */
  private void hurry() throws Exception {
    host.close();
    host = new TestHost(work.resolve("hasty"), 64, "self", TestHost.HASTE);
  }

  @Test
  void aBaseArrivesAndIsPublishedAsAnImportedOneIs() throws Exception {
    FakeSource peer = host.source("peer", READY_PEER, base);

    Base arrived = host.bring(base, peer).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(arrived.path())))
        .isEqualTo("r--r--r--");
    assertThat(host.cache().manifest(base.id())).isEqualTo(base.manifest());
    assertThat(host.cache().fingerprints(base.id())).isPresent();
    assertThat(host.incoming()).isEmpty();
    assertThat(peer.sentBytes.get()).isEqualTo(base.dataBytes());
    assertThat(host.bring(base).result()).isCompletedWithValue(arrived);
  }

  @Test
  void manyWhoAskForOneBaseGetItFromOneArrival() {
    FakeSource peer = host.source("peer", READY_PEER, base);
    CountDownLatch all = new CountDownLatch(1);
    peer.behaving((_, right, reply) -> {
      TestHost.await(all);
      reply.arrived(ByteBuffer.wrap(right));
    });

    List<ArrivalTicket> tickets =
        IntStream.range(0, 20).mapToObj(_ -> host.bring(base, peer)).toList();
    assertThat(host.arrivals().underWay()).containsExactly(base.id());
    all.countDown();

    Set<Base> results = ConcurrentHashMap.newKeySet();
    tickets.forEach(ticket -> results.add(ticket.result().join()));
    assertThat(results).hasSize(1);
    assertThat(peer.timesOpened()).isEqualTo(1);
    assertThat(peer.sentBytes.get()).isEqualTo(base.dataBytes());
  }

  @Test
  void aSourceIsAskedForNoMoreThanItHasRoomFor() {
    FakeSource peer = host.source("peer", READY_PEER, base).withRoom(3);

    host.bring(base, peer).result().join();

    assertThat(peer.mostInFlight.get()).isBetween(1, 3);
    assertThat(peer.sentBytes.get()).isEqualTo(base.dataBytes());
  }

  @Test
  void whatTheLibraryHasJustGivenToAPeerComesFromThatPeer() throws Exception {
    FakeSource peer = host.source("peer", ARRIVING_PEER, base).opening(_ -> {});
    FakeSource library = host.source("library", LIBRARY, base);
    library.behaving((request, right, reply) -> {
      if (!request.sparing()) {
        reply.arrived(ByteBuffer.wrap(right));
      } else if (request.chunk() % 2 == 0) {
        reply.elsewhere();
        peer.listener().has(request.chunk(), 1);
      } else {
        peer.listener().has(request.chunk(), 1);
        reply.elsewhere();
      }
    });

    Base arrived = host.bring(base, peer, library).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    // The library may help where the peer is slow.
    assertThat(peer.sentBytes.get()).isGreaterThan(base.dataBytes() / 2);
  }

  @Test
  void aPeerThatDoesNotComeToHaveWhatItWasGivenCostsTimeOnly() throws Exception {
    FakeSource peer = host.source("peer", ARRIVING_PEER, base).opening(_ -> {});
    FakeSource library = host.source("library", LIBRARY, base);
    library.behaving((request, right, reply) -> {
      if (request.sparing()) {
        reply.elsewhere();
      } else {
        reply.arrived(ByteBuffer.wrap(right));
      }
    });

    Base arrived = host.bring(base, peer, library).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(peer.requests()).isEmpty();
  }

  @Test
  void aSourceThatLiesIsLeftForGoodAndTheChunkFetchedElsewhere() throws Exception {
    FakeSource liar = host.source("liar", READY_PEER, base);
    liar.behaving((request, right, reply) -> {
      right[right.length / 2] ^= (byte) (request.chunk() % 5 == 0 ? 1 : 0);
      reply.arrived(ByteBuffer.wrap(right));
    });
    FakeSource honest = host.source("honest", READY_PEER, base);

    Base arrived = host.bring(base, liar, honest).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    host.awaitLeft("liar WRONG_CONTENT");
    assertThat(liar.timesOpened()).isEqualTo(1);
  }

  @Test
  void aSourceThatSendsTooLittleLies() {
    FakeSource liar = host.source("liar", READY_PEER, base);
    liar.behaving((_, right, reply) -> reply.arrived(ByteBuffer.wrap(right, 0, right.length - 1)));

    TestHost.assertFails(host.bring(base, liar), ErrorCode.BASE_MISSING);
    host.awaitLeft("liar WRONG_CONTENT");
  }

  @Test
  void aSourceThatSaysNothingDoesNotHoldUpTheOthers() throws Exception {
    hurry();
    FakeSource silent = host.source("silent", READY_PEER, base);
    silent.behaving(FakeSource.Behaviour.SILENT);
    FakeSource library = host.source("library", LIBRARY, base);

    Base arrived = host.bring(base, silent, library).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
  }

  @Test
  void aSourceThatSaysNothingIsLeftAndTheNextOneAsked() throws Exception {
    hurry();
    FakeSource silent = host.source("silent", READY_PEER, base);
    silent.behaving(FakeSource.Behaviour.SILENT);
    ArrivalTicket ticket = host.bring(base, silent);
    host.awaitLeft("silent SILENT");
    ticket.add(host.source("peer", READY_PEER, base));

    Base arrived = ticket.result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
  }

  @Test
  void aSlowSourceIsLeftToTheFasterOnes() throws Exception {
    hurry();
    TestBase large = TestBase.random(work, 24 << 20, 3);
    FakeSource slow = host.source("slow", READY_PEER, large);
    slow.behaving((_, right, reply) -> {
      host.pause(java.time.Duration.ofSeconds(1));
      reply.arrived(ByteBuffer.wrap(right));
    });
    FakeSource fast = host.source("fast", READY_PEER, large);
    fast.behaving((_, right, reply) -> {
      host.pause(java.time.Duration.ofMillis(20));
      reply.arrived(ByteBuffer.wrap(right));
    });

    Base arrived = host.bring(large, slow, fast).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(large.content());
    host.awaitLeft("slow SLOW");
  }

  @Test
  void theLibraryIsNotAskedForWhatAPeerHas() {
    FakeSource library = host.source("library", LIBRARY, base);
    FakeSource peer = host.source("peer", READY_PEER, base);

    host.bring(base, library, peer).result().join();

    assertThat(library.sentBytes.get()).isLessThan(base.dataBytes() / 10);
  }

  @Test
  void aSourceWhoseConnectionBreaksIsTriedAgain() throws Exception {
    FakeSource shaky = host.source("shaky", READY_PEER, base);
    shaky.behaving((_, right, reply) -> {
      if (shaky.requests().size() > 10 && shaky.timesOpened() == 1) {
        shaky.listener().failed(FakeSource.problem("cable out"));
      } else {
        reply.arrived(ByteBuffer.wrap(right));
      }
    });

    Base arrived = host.bring(base, shaky).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    host.awaitLeft("shaky FAILED");
    assertThat(shaky.timesOpened()).isEqualTo(2);
  }

  @Test
  void anArrivingPeerThatHasNothingYetIsSoonTriedAgain() throws Exception {
    FakeSource library = host.source("library", LIBRARY, base).opening(l -> l.has(0, 48));
    FakeSource peer = host.source("peer", ARRIVING_PEER, base);
    peer.opening(listener -> {
      if (peer.timesOpened() < 4) {
        listener.failed(
            Problem.of(ErrorCode.NOT_FOUND, "giving the base").detail("It is not here."));
      } else {
        listener.has(48, base.chunks() - 48);
      }
    });
    long begun = System.nanoTime();

    Base arrived = host.bring(base, library, peer).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(peer.timesOpened()).isEqualTo(4);
    // One that failed would rest for 1, 2 and 4 seconds.
    assertThat(System.nanoTime() - begun).isLessThan(6_000_000_000L);
  }

  @Test
  void anArrivingPeerIsAskedOnlyForWhatItHas() throws Exception {
    FakeSource library = host.source("library", LIBRARY, base).opening(l -> l.has(0, 48));
    FakeSource peer =
        host.source("peer", ARRIVING_PEER, base).opening(l -> l.has(48, base.chunks() - 48));

    Base arrived = host.bring(base, library, peer).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(peer.requests()).allMatch(request -> request.chunk() >= 48);
    assertThat(library.requests()).allMatch(request -> request.chunk() < 48);
  }

  @Test
  void whatArrivesIsServedMeanwhile() {
    FakeSource peer = host.source("peer", READY_PEER, base);
    Set<Long> told = ConcurrentHashMap.newKeySet();
    CountDownLatch listening = new CountDownLatch(1);
    CountDownLatch read = new CountDownLatch(1);
    AtomicInteger answered = new AtomicInteger();
    peer.behaving((_, right, reply) -> {
      TestHost.await(listening);
      if (answered.getAndIncrement() > 0) {
        TestHost.await(read);
      }
      reply.arrived(ByteBuffer.wrap(right));
    });
    ArrivalTicket ticket = host.bring(base, peer);
    ArrivingBase arriving = host.arrivals().arriving(base.id()).orElseThrow();
    arriving.onVerified(chunk -> {
      told.add(chunk);
      ByteBuffer target = ByteBuffer.allocate(base.manifest().chunkBytes(chunk));
      arriving.read(chunk, target);
      int from = (int) chunk * TestBase.CHUNK;
      assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(base.content(), from, target.limit()));
      assertThat(arriving.has(chunk)).isTrue();
      read.countDown();
    });
    listening.countDown();

    ticket.result().join();
    assertThat(told).hasSize((int) base.manifest().dataChunks());
  }

  @Test
  void withoutAnybodyWhoDeliversTheArrivalFailsInWords() throws Exception {
    hurry();
    FakeSource silent = host.source("silent", READY_PEER, base);
    silent.behaving(FakeSource.Behaviour.SILENT);

    ArrivalTicket ticket = host.bring(base, silent);

    assertThat(TestHost.assertFails(ticket, ErrorCode.TIMED_OUT).detail()).contains("silent");
    TestHost.assertFails(host.bring(base), ErrorCode.BASE_MISSING);
  }

  @Test
  void aWrongManifestIsNotTaken() throws Exception {
    TestBase other = TestBase.random(work, SIZE, 2);
    byte[] cut = java.util.Arrays.copyOf(base.manifestBytes(), 300);
    FakeSource liar = host.source("liar", READY_PEER, base).withManifest(other.manifestBytes());
    FakeSource cutter = host.source("cutter", READY_PEER, base).withManifest(cut);
    FakeSource honest = host.source("honest", LIBRARY, base);

    Base arrived = host.bring(base, liar, cutter, honest).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    host.awaitLeft("liar WRONG_CONTENT", "cutter FAILED");
  }

  @Test
  void aBaseOfZerosArrivesWithItsManifest() throws Exception {
    TestBase zeros = TestBase.of(work, new byte[SIZE]);
    FakeSource peer = host.source("peer", READY_PEER, zeros);

    Base arrived = host.bring(zeros, peer).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(zeros.content());
    assertThat(peer.requests()).isEmpty();
    assertThat(host.cache().replicas().getFirst().storedBytes()).isZero();
  }

  @Test
  void aSizeThatIsNotTheBasesIsRefused() {
    FakeSource peer = host.source("peer", READY_PEER, base);

    ArrivalTicket ticket =
        host.arrivals().bring(base.id(), SIZE + 512L, Priority.PRECACHE, List.of(peer));

    TestHost.assertFails(ticket, ErrorCode.INVALID_VALUE);
    assertThatThrownBy(
            () -> host.arrivals().bring(base.id(), 1000, Priority.PRECACHE, List.of(peer)))
        .isInstanceOf(RatoonException.class);
  }

  @Test
  void moreUrgentCallersMakeAnArrivalMoreUrgent() {
    FakeSource peer = host.source("peer", READY_PEER, base);
    CountDownLatch raised = new CountDownLatch(1);
    peer.behaving((_, right, reply) -> {
      TestHost.await(raised);
      reply.arrived(ByteBuffer.wrap(right));
    });
    ArrivalTicket precache =
        host.arrivals().bring(base.id(), base.manifest().size(), Priority.PRECACHE, List.of(peer));
    peer.awaitRequests(1);
    ArrivalTicket deploy = host.bring(base);
    raised.countDown();
    deploy.result().join();

    precache.result().join();
    assertThat(peer.requests().getFirst().priority()).isEqualTo(Priority.PRECACHE);
    assertThat(peer.requests().getLast().priority()).isEqualTo(Priority.DEPLOY);
  }

  @Test
  void aSourceThatIsBusyIsAskedAgain() throws Exception {
    FakeSource busy = host.source("busy", LIBRARY, base);
    AtomicInteger asked = new AtomicInteger();
    busy.behaving((_, right, reply) -> {
      if (asked.incrementAndGet() % 40 == 0) {
        reply.failed(Problem.of(ErrorCode.BUSY, "sending"));
      } else {
        reply.arrived(ByteBuffer.wrap(right));
      }
    });

    Base arrived = host.bring(base, busy).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(host.left()).isEmpty();
  }

  @Test
  void theLastWhoLeavesEndsTheArrivalAndWhatHasComeIsKept() {
    FakeSource peer = host.source("peer", READY_PEER, base);
    CountDownLatch half = new CountDownLatch(40);
    peer.behaving((_, right, reply) -> {
      if (half.getCount() > 0) {
        half.countDown();
        reply.arrived(ByteBuffer.wrap(right));
      }
    });
    ArrivalTicket one = host.bring(base, peer);
    ArrivalTicket two = host.bring(base);
    TestHost.await(half);
    one.close();
    assertThat(two.result()).isNotDone();
    two.close();
    TestHost.assertFails(two, ErrorCode.INTERRUPTED);

    assertThat(host.arrivals().unfinished()).containsExactly(base.id());
    peer.behaving(FakeSource.Behaviour.HONEST);
    long before = peer.sentBytes.get();
    ArrivalTicket again = host.bring(base, peer);
    again.result().join();
    assertThat(again.progress().resumedBytes()).isPositive();
    assertThat(peer.sentBytes.get() - before)
        .isEqualTo(base.dataBytes() - again.progress().resumedBytes());
  }
}
