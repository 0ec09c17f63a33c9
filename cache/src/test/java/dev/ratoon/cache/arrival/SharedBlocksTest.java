package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Replica;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.Layout;
import dev.ratoon.testkit.XfsFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where files can share blocks, an arriving base shares those of its relatives. */
class SharedBlocksTest {
  private static final int SIZE = (32 << 20) + 3 * 512;

  @TempDir Path work;
  private XfsFolder xfs;
  private TestHost host;
  private TestBase old;

  @BeforeEach
  void open() throws Exception {
    try {
      xfs = XfsFolder.mount(work);
    } catch (IOException e) {
      abort("XFS cannot be mounted here: " + e.getMessage());
    }
    host = new TestHost(xfs.path().resolve("cache"));
    old = TestBase.random(work, SIZE, 1);
    Base _ = bring(old);
  }

  @AfterEach
  void close() throws Exception {
    if (host != null) {
      host.close();
      xfs.close();
    }
  }

  private Base bring(TestBase base) {
    return host.bring(base, host.source("peer", READY_PEER, base)).result().join();
  }

  /** All blocks in runs of eight in another order, and some new ones. */
  private TestBase rebuilt(int newBlocks) throws Exception {
    int run = 8 * TestBase.BLOCK;
    List<byte[]> runs = new ArrayList<>();
    for (int at = 0; at + run <= SIZE; at += run) {
      runs.add(Arrays.copyOfRange(old.content(), at, at + run));
    }
    Collections.shuffle(runs, new Random(3));
    byte[] content = old.content().clone();
    for (int i = 0; i < runs.size(); i++) {
      System.arraycopy(runs.get(i), 0, content, i * run, run);
    }
    return TestBase.of(work, content).upgraded(work, SIZE, newBlocks, 5);
  }

  @Test
  void whatRelativesHaveIsSharedWhereverTheyHaveIt() throws Exception {
    assertThat(host.cache().abilities().reflinks()).isTrue();
    TestBase rebuilt = rebuilt(800);
    long before = xfs.takenBytes();

    Base arrived = bring(rebuilt);

    assertThat(arrived.format()).isEqualTo(DiskFormat.RAW);
    assertThat(Arrays.equals(host.read(arrived), rebuilt.content())).isTrue();
    assertThat(xfs.takenBytes() - before).isBetween(1L << 20, 8L << 20);
  }

  @Test
  void anImageUpgradedInPlaceIsFlatAndShares() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 400, 2);
    long before = xfs.takenBytes();

    Base arrived = bring(upgraded);

    assertThat(host.cache().replicas()).extracting(Replica::layout).containsOnly(Layout.FLAT);
    assertThat(Arrays.equals(host.read(arrived), upgraded.content())).isTrue();
    assertThat(xfs.takenBytes() - before).isLessThan(5L << 20);
  }

  @Test
  void whatEachTakesIsWhatItAddsAndAddsUp() throws Exception {
    long alone = stored(old);
    assertThat(alone).isGreaterThan(20 << 20);
    TestBase upgraded = old.upgraded(work, SIZE, 400, 2);
    long before = xfs.takenBytes();

    Base _ = bring(upgraded);

    long added = stored(upgraded);
    assertThat(added).isBetween(400L * TestBase.BLOCK, 5L << 20);
    assertThat(added).isLessThanOrEqualTo(xfs.takenBytes() - before);
    host.restart();
    assertThat(stored(upgraded)).as("after a restart, too").isEqualTo(added);
    assertThat(stored(old)).as("who came first has them").isEqualTo(alone);
  }

  private long stored(TestBase base) {
    return host.cache().replicas().stream()
        .filter(replica -> replica.base().id().equals(base.id()))
        .findFirst()
        .orElseThrow()
        .storedBytes();
  }

  @Test
  void whatIsTornIsSharedAnewAndReadBack() throws Exception {
    TestBase rebuilt = rebuilt(800);
    FakeSource peer = host.source("peer", READY_PEER, rebuilt);
    peer.behaving((_, _, _) -> {});
    ArrivalTicket ticket = host.bring(rebuilt, peer);
    while (ticket.progress().verifiedBytes() == 0) {
      host.pause(java.time.Duration.ofMillis(10));
    }
    host.restart();

    Base arrived = bring(rebuilt);

    assertThat(Arrays.equals(host.read(arrived), rebuilt.content())).isTrue();
  }
}
