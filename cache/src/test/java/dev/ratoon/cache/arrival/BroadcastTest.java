package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.LIBRARY;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several caches, in which one base arrives at once, give each other what they have. */
class BroadcastTest {
  private static final int HOSTS = 4;

  @TempDir Path work;
  private final List<TestHost> hosts = new ArrayList<>();
  private final List<PeerSource> peers = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (TestHost host : hosts) {
      host.close();
    }
    peers.forEach(PeerSource::close);
  }

  @Test
  void theLibrarySendsABaseToManyLittleMoreThanOnce() throws Exception {
    TestBase base = TestBase.random(work, 24 << 20, 1);
    for (int i = 0; i < HOSTS; i++) {
      TestHost host = new TestHost(work.resolve("cache-" + i), 64, "host-" + i);
      hosts.add(host);
      peers.add(new PeerSource("host-" + i, host.arrivals()));
    }
    List<ArrivalTicket> tickets = new ArrayList<>();
    List<FakeSource> libraries = new ArrayList<>();
    for (TestHost host : hosts) {
      FakeSource library = host.source("library", LIBRARY, base);
      library.behaving((_, right, reply) -> {
        host.pause(Duration.ofMillis(2));
        reply.arrived(ByteBuffer.wrap(right));
      });
      libraries.add(library);
      tickets.add(host.bring(base, library));
    }
    for (int i = 0; i < HOSTS; i++) {
      for (int j = 0; j < HOSTS; j++) {
        if (i != j) {
          tickets.get(i).add(peers.get(j));
        }
      }
    }
    for (ArrivalTicket ticket : tickets) {
      assertThat(Files.readAllBytes(ticket.result().join().path())).isEqualTo(base.content());
    }

    long sent = libraries.stream().mapToLong(library -> library.sentBytes.get()).sum();
    System.out.printf(
        "%d caches: the library sent %.3f x the base%n", HOSTS, (double) sent / base.dataBytes());
    assertThat(sent).isLessThan(base.dataBytes() * 13 / 10);
  }
}
