package dev.ratoon.cache.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A cache and its arrivals, whose clock runs twenty times as fast as ours if not said otherwise.
 */
final class TestHost implements AutoCloseable {
  /** How much faster the clock runs where seconds have to pass. */
  static final int HASTE = 20;

  private final Path home;
  private final int buffers;
  private final int haste;
  private final String name;
  private final List<FakeSource> sources = new ArrayList<>();
  private final List<String> left = new CopyOnWriteArrayList<>();
  private Cache cache;
  private Arrivals arrivals;

  TestHost(Path home) {
    this(home, 64, "self");
  }

  TestHost(Path home, int buffers, String name) {
    this(home, buffers, name, 1);
  }

  TestHost(Path home, int buffers, String name, int haste) {
    this.haste = haste;
    this.home = home;
    this.buffers = buffers;
    this.name = name;
    this.cache = Cache.open(home, 2, InstantSource.system());
    this.arrivals = newArrivals();
  }

  private Arrivals newArrivals() {
    ArrivalSettings settings =
        new ArrivalSettings(
            name, 2, buffers, Duration.ofSeconds(20), () -> System.nanoTime() * haste, 1);
    return new Arrivals(
        cache, settings, (_, source, why) -> left.add(source.name() + " " + why.reason()));
  }

  Cache cache() {
    return cache;
  }

  Arrivals arrivals() {
    return arrivals;
  }

  /** What was left, and why. */
  List<String> left() {
    return left;
  }

  /** Waits until these were left: whoever waits for an arrival may hear of its end before. */
  void awaitLeft(String... expected) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!left.containsAll(List.of(expected)) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(left).contains(expected);
  }

  FakeSource source(String name, Source.Kind kind, TestBase base) {
    FakeSource source = new FakeSource(name, kind, base);
    sources.add(source);
    return source;
  }

  ArrivalTicket bring(TestBase base, Source... from) {
    return arrivals.bring(base.id(), base.manifest().size(), Priority.DEPLOY, List.of(from));
  }

  /** Ends as when Ratoon is ended, and begins again. */
  void restart() {
    arrivals.close();
    cache.close();
    cache = Cache.open(home, 2, InstantSource.system());
    arrivals = newArrivals();
  }

  List<Path> incoming() throws IOException {
    try (Stream<Path> files = Files.list(home.resolve("incoming"))) {
      return files.toList();
    }
  }

  /** Returns when this was left. */
  void awaitLeft(String what) {
    for (int i = 0; !left.contains(what); i++) {
      if (i == 2000) {
        throw new AssertionError("not left: " + left);
      }
      pause(Duration.ofMillis(200));
    }
  }

  /** So long by the host's clock. */
  void pause(Duration duration) {
    java.util.concurrent.locks.LockSupport.parkNanos(duration.toNanos() / haste);
  }

  /** What a guest would read of a base in the cache, in the file that is meant. */
  byte[] read(Base base) {
    return read(cache, base);
  }

  static byte[] read(Cache cache, Base base) {
    try (VirtualDisk disk = cache.open(cache.use(base.id(), base.path()))) {
      byte[] content = new byte[(int) disk.size()];
      disk.read(0, ByteBuffer.wrap(content));
      return content;
    }
  }

  /** Changes bytes of a published file as somebody with root's rights could, in place. */
  static void scribble(Path file, long from, long to) throws IOException {
    ImmutableFlag.clear(file);
    Files.setPosixFilePermissions(
        file, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    try (var channel =
        java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
      for (long at = from; at < to; at += TestBase.BLOCK) {
        channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), at);
      }
    }
  }

  static Problem assertFails(ArrivalTicket ticket, ErrorCode code) {
    try {
      ticket.result().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RatoonException failed) {
        assertThat(failed.problem().code()).as(failed.getMessage()).isEqualTo(code);
        return failed.problem();
      }
      throw e;
    }
    throw new AssertionError("it has arrived");
  }

  static void await(CountDownLatch latch) {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new AssertionError("waited in vain");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    arrivals.close();
    cache.close();
    sources.forEach(FakeSource::close);
    try (Stream<Path> files = Files.walk(home)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }
}
