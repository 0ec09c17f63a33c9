package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.disk.blocks.Blocks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What other bases in the cache have of a base does not travel. */
class RelativesTest {
  private static final int SIZE = (8 << 20) + 3 * 512;

  @TempDir Path work;
  private TestHost host;
  private TestBase old;

  @BeforeEach
  void open() throws Exception {
    host = new TestHost(work.resolve("cache"));
    old = TestBase.random(work, SIZE, 1);
    host.bring(old, host.source("old", READY_PEER, old)).result().join();
  }

  @AfterEach
  void close() throws Exception {
    host.close();
  }

  /** All blocks in another order, a few of them new. */
  private TestBase rebuilt(int newBlocks) throws Exception {
    List<byte[]> blocks = new ArrayList<>();
    for (int at = 0; at + TestBase.BLOCK <= SIZE; at += TestBase.BLOCK) {
      blocks.add(Arrays.copyOfRange(old.content(), at, at + TestBase.BLOCK));
    }
    Random random = new Random(7);
    Collections.shuffle(blocks, random);
    for (int i = 0; i < newBlocks; i++) {
      random.nextBytes(blocks.get(i));
    }
    byte[] content = old.content().clone();
    for (int i = 0; i < blocks.size(); i++) {
      System.arraycopy(blocks.get(i), 0, content, i * TestBase.BLOCK, TestBase.BLOCK);
    }
    return TestBase.of(work, content);
  }

  @Test
  void ofARebuiltImageOnlyNewBlocksTravel() throws Exception {
    TestBase rebuilt = rebuilt(100);
    FakeSource peer = host.source("peer", READY_PEER, rebuilt);

    ArrivalTicket ticket = host.bring(rebuilt, peer);
    Base arrived = ticket.result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(rebuilt.content());
    assertThat(peer.sentBytes.get()).isLessThanOrEqualTo(100L * TestBase.BLOCK);
    assertThat(ticket.progress().fetchedBytes()).isEqualTo(peer.sentBytes.get());
    assertThat(ticket.progress().relativeBytes()).isGreaterThan(rebuilt.dataBytes() / 2);
    assertThat(host.left()).isEmpty();
  }

  @Test
  void whatOnlyMovedDoesNotTravelAtAll() throws Exception {
    TestBase moved = rebuilt(0);
    FakeSource peer = host.source("peer", READY_PEER, moved);

    Base arrived = host.bring(moved, peer).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(moved.content());
    assertThat(peer.requests()).isEmpty();
  }

  @Test
  void wrongFingerprintsCostASecondFetchAndNothingElse() throws Exception {
    TestBase rebuilt = rebuilt(50);
    TestBase lying = lyingList(rebuilt);
    FakeSource peer = host.source("peer", READY_PEER, rebuilt).withList(Optional.of(lying.list()));

    Base arrived = host.bring(rebuilt, peer).result().join();

    // It may even be stored as a delta, for nothing: by the list much is at the same places.
    assertThat(host.read(arrived)).isEqualTo(rebuilt.content());
    assertThat(peer.sentBytes.get()).isLessThanOrEqualTo(2 * rebuilt.dataBytes());
    assertThat(host.left()).isEmpty();
  }

  /** The same base with the fingerprints of another one, under its own id. */
  private TestBase lyingList(TestBase base) throws Exception {
    byte[] other = old.content().clone();
    for (int at = 0; at < other.length; at += 3 * TestBase.BLOCK) {
      other[at]++;
    }
    TestBase wrong = TestBase.of(work, other);
    return new TestBase(
        base.content(), base.manifest(), base.manifestBytes(), Lists.renamed(wrong.list(), base));
  }

  @Test
  void damagedFingerprintsAreRefused() throws Exception {
    TestBase rebuilt = rebuilt(10);
    byte[] damaged = rebuilt.list().clone();
    damaged[damaged.length / 2] ^= 1;
    FakeSource liar = host.source("liar", READY_PEER, rebuilt).withList(Optional.of(damaged));
    FakeSource other = host.source("other", READY_PEER, rebuilt).withList(Optional.of(old.list()));
    FakeSource honest = host.source("honest", READY_PEER, rebuilt);

    Base arrived = host.bring(rebuilt, liar, other, honest).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(rebuilt.content());
    host.awaitLeft("liar WRONG_CONTENT", "other WRONG_CONTENT");
    assertThat(honest.sentBytes.get()).isLessThanOrEqualTo(10L * TestBase.BLOCK);
  }

  @Test
  void aSourceWithoutFingerprintsSendsEverything() throws Exception {
    TestBase rebuilt = rebuilt(10);
    FakeSource peer = host.source("peer", READY_PEER, rebuilt).withList(Optional.empty());

    host.bring(rebuilt, peer).result().join();

    assertThat(peer.sentBytes.get()).isEqualTo(rebuilt.dataBytes());
  }

  @Test
  void aRelativeThatChangedIsNotBelieved() throws Exception {
    Path file = host.cache().find(old.id()).orElseThrow().path();
    TestBase rebuilt = rebuilt(0);
    byte[] list = rebuilt.list();
    FakeSource peer = host.source("peer", READY_PEER, rebuilt).withList(Optional.of(list));
    TestHost.scribble(file, 1 << 20, 4 << 20);

    Base arrived = host.bring(rebuilt, peer).result().join();

    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(rebuilt.content());
  }

  @Test
  void fingerprintsOfBasesFromBeforeAreComputed() throws Exception {
    Path blocks = work.resolve("cache").resolve(old.id() + ".blocks");
    host.arrivals().close();
    dev.ratoon.disk.file.ImmutableFlag.clear(blocks);
    Files.delete(blocks);
    host.restart();
    host.cache().computeMissingFingerprints();

    assertThat(host.cache().fingerprints(old.id()).orElseThrow().fingerprints())
        .isEqualTo(blocksOf(old));
  }

  private static long blocksOf(TestBase base) {
    long count = 0;
    for (int at = 0; at < base.content().length; at += Blocks.BLOCK_BYTES) {
      boolean zero = true;
      for (int i = at; i < Math.min(base.content().length, at + Blocks.BLOCK_BYTES); i++) {
        zero &= base.content()[i] == 0;
      }
      count += zero ? 0 : 1;
    }
    return count;
  }
}
