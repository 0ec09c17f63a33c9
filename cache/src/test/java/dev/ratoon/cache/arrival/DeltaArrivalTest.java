package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.model.Layout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A base of which a relative has enough at the same places is stored as what differs. */
class DeltaArrivalTest {
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

  /** The same with other blocks here and there, some of them zero, and some chunks emptied. */
  private TestBase upgraded(TestBase from, int size, int blocks, long seed) throws Exception {
    Random random = new Random(seed);
    byte[] content = Arrays.copyOf(from.content(), size);
    for (int i = 0; i < blocks; i++) {
      int at = random.nextInt(size / TestBase.BLOCK) * TestBase.BLOCK;
      byte[] block = new byte[TestBase.BLOCK];
      if (random.nextInt(4) != 0) {
        random.nextBytes(block);
      }
      System.arraycopy(block, 0, content, at, block.length);
    }
    int empty = random.nextInt(size / TestBase.CHUNK) * TestBase.CHUNK;
    Arrays.fill(content, empty, empty + TestBase.CHUNK, (byte) 0);
    return TestBase.of(work, content);
  }

  private Base bring(TestBase base) {
    return host.bring(base, host.source("peer", READY_PEER, base)).result().join();
  }

  private static byte[] read(Cache cache, Base base) {
    try (VirtualDisk disk = cache.open(cache.use(base.id(), base.path()))) {
      byte[] content = new byte[(int) disk.size()];
      disk.read(0, ByteBuffer.wrap(content));
      return content;
    }
  }

  @Test
  void whatDiffersIsStoredAndNothingElse() throws Exception {
    TestBase upgraded = upgraded(old, SIZE, 200, 2);

    Base arrived = bring(upgraded);

    assertThat(arrived.format()).isEqualTo(DiskFormat.QCOW2);
    assertThat(arrived.path().getFileName()).hasToString(upgraded.id() + ".delta.qcow2");
    assertThat(arrived.sizeBytes()).isEqualTo(SIZE);
    assertThat(read(host.cache(), arrived)).isEqualTo(upgraded.content());
    assertThat(host.cache().replicas())
        .filteredOn(r -> r.base().id().equals(upgraded.id()))
        .singleElement()
        .satisfies(r -> assertThat(r.layout()).isEqualTo(Layout.DELTA))
        .satisfies(r -> assertThat(r.storedBytes()).isLessThan(220 * TestBase.BLOCK + (1 << 19)));
    assertThat(host.incoming()).isEmpty();
    assertThat(Files.getPosixFilePermissions(arrived.path())).hasSize(3);
  }
}
