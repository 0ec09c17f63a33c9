package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.ManifestBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much memory arrivals take, however large the bases. */
class MemoryTest {
  private static final int BUFFERS = 384;
  private static final long TEN_GIB = 10L << 30;
  private static final int ARRIVALS = 8;

  @TempDir Path work;
  private TestHost host;

  @BeforeEach
  void open() {
    host = new TestHost(work.resolve("cache"), BUFFERS, "self");
  }

  @AfterEach
  void close() throws IOException {
    host.close();
  }

  /** Bases without a zero, of which nothing is known but their manifests. */
  private static TestBase full(long size, long seed) throws IOException {
    ManifestBuilder builder = new ManifestBuilder(size);
    Random random = new Random(seed);
    byte[] digest = new byte[Manifest.DIGEST_BYTES];
    for (long chunk = 0; chunk < size / Manifest.CHUNK_BYTES; chunk++) {
      random.nextBytes(digest);
      builder.put(chunk, digest);
    }
    Manifest manifest = builder.build();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    manifest.write(bytes);
    return new TestBase(new byte[0], manifest, bytes.toByteArray(), new byte[0]);
  }

  @Test
  void eightLargeBasesAtOnceTakeLittleHeap() throws IOException {
    List<FakeSource> sources = new ArrayList<>();
    List<TestBase> bases = new ArrayList<>();
    for (int i = 0; i < ARRIVALS; i++) {
      TestBase base = full(TEN_GIB, i);
      bases.add(base);
      sources.add(host.source("peer", READY_PEER, base).quiet());
    }
    long before = usedBytes();
    List<ArrivalTicket> tickets = new ArrayList<>();
    for (int i = 0; i < ARRIVALS; i++) {
      tickets.add(host.bring(bases.get(i), sources.get(i)));
    }
    for (FakeSource source : sources) {
      source.awaitRequests(1);
    }
    long taken = usedBytes() - before;

    System.out.printf("8 arrivals of 10 GiB took %d MiB of heap%n", taken >> 20);
    assertThat(taken).isLessThan(128L << 20);
    assertThat(tickets).hasSize(ARRIVALS);
  }

  private static long usedBytes() {
    Runtime runtime = Runtime.getRuntime();
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
    }
    return used;
  }

  @Test
  void noMoreIsUnderWayThanThereAreBuffers() throws IOException {
    host.close();
    host = new TestHost(work.resolve("other"), 5, "self");
    List<TestBase> bases = new ArrayList<>();
    List<FakeSource> sources = new ArrayList<>();
    List<ArrivalTicket> tickets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      TestBase base = TestBase.random(work, 4 << 20, i);
      FakeSource source = host.source("peer", READY_PEER, base);
      bases.add(base);
      sources.add(source);
      tickets.add(host.bring(base, source));
    }
    for (int i = 0; i < 3; i++) {
      assertThat(Files.readAllBytes(tickets.get(i).result().join().path()))
          .isEqualTo(bases.get(i).content());
      assertThat(sources.get(i).mostInFlight.get()).isLessThanOrEqualTo(5);
    }
  }
}
