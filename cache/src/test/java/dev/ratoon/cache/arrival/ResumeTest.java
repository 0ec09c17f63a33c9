package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An arrival that was cut off goes on from what is verified on the disk. */
class ResumeTest {
  private static final int SIZE = 6 << 20;

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

  /** Ends an arrival when so many chunks were sent, and restarts the host. */
  private void cutOffAfter(int chunks) {
    CountDownLatch sent = new CountDownLatch(chunks);
    FakeSource peer = host.source("peer", READY_PEER, base);
    peer.behaving((_, right, reply) -> {
      if (sent.getCount() > 0) {
        reply.arrived(ByteBuffer.wrap(right));
        sent.countDown();
      }
    });
    ArrivalTicket ticket = host.bring(base, peer);
    TestHost.await(sent);
    host.restart();
    TestHost.assertFails(ticket, ErrorCode.INTERRUPTED);
  }

  /** Lets it arrive and returns how many bytes were there before. */
  private long resume() throws Exception {
    FakeSource peer = host.source("again", READY_PEER, base);
    ArrivalTicket ticket = host.bring(base, peer);
    Base arrived = ticket.result().join();
    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(host.incoming()).isEmpty();
    long resumed = ticket.progress().resumedBytes();
    assertThat(peer.sentBytes.get()).isEqualTo(base.dataBytes() - resumed);
    return resumed;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 30, 60})
  void whatWasVerifiedIsNotFetchedAgain(int chunks) throws Exception {
    cutOffAfter(chunks);
    assertThat(host.arrivals().unfinished()).containsExactly(base.id());

    assertThat(resume()).isGreaterThanOrEqualTo((chunks - 8L) * TestBase.CHUNK);
  }

  @Test
  void withoutAJournalTheContentIsHashedAgain() throws Exception {
    cutOffAfter(40);
    Files.delete(file("journal"));

    assertThat(resume()).isPositive();
  }

  @Test
  void aTornJournalCostsTimeOnly() throws Exception {
    cutOffAfter(40);
    byte[] journal = Files.readAllBytes(file("journal"));
    journal[40] ^= 4;
    Files.write(file("journal"), journal);

    assertThat(resume()).isPositive();
  }

  @Test
  void whatWasTornIsFetchedAgain() throws Exception {
    cutOffAfter(40);
    Files.delete(file("journal"));
    byte[] content = Files.readAllBytes(file("raw"));
    for (int at = 100; at < SIZE; at += 5 * TestBase.CHUNK) {
      content[at]++;
    }
    Files.write(file("raw"), content);

    resume();
  }

  @Test
  void aCutContentOrALostManifestCostTimeOnly() throws Exception {
    cutOffAfter(40);
    Files.write(file("raw"), new byte[1000]);
    Files.delete(file("manifest"));

    resume();
  }

  @Test
  void anArrivalCanBeDiscarded() throws Exception {
    cutOffAfter(10);
    host.arrivals().discard(base.id());

    assertThat(host.incoming()).isEmpty();
    assertThat(host.arrivals().unfinished()).isEmpty();
    assertThat(resume()).isZero();
  }

  @Test
  void whatCameInAnotherWayIsSwept() throws Exception {
    cutOffAfter(10);
    List<Path> leftovers = host.incoming();
    assertThat(leftovers).isNotEmpty();
    byte[] kept = Files.readAllBytes(file("raw"));
    resume();
    Files.write(file("raw"), kept);
    host.restart();

    assertThat(host.incoming()).isEmpty();
  }

  private Path file(String part) {
    return work.resolve("cache/incoming").resolve(base.id() + ".arriving." + part);
  }
}
