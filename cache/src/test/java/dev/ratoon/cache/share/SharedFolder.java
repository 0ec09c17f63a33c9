package dev.ratoon.cache.share;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ShareState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A folder that several hosts share, and a base that they have at home. */
final class SharedFolder implements AutoCloseable {
  static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(20), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

  final Path root;
  final Path home;
  final Path raw;
  final Manifest manifest;
  private final List<Share> open = new ArrayList<>();

  SharedFolder(Path work) throws IOException {
    this(work, 3 << 20);
  }

  SharedFolder(Path work, int bytes) throws IOException {
    root = Files.createDirectories(work.resolve("share"));
    home = Files.createDirectories(work.resolve("home"));
    raw = home.resolve("base.raw");
    writeRaw(raw, bytes);
    try (VirtualDisk disk = disk()) {
      manifest = Manifests.of(disk, 1, Progress.NONE);
    }
  }

  /** Random, but for a hole in the middle and a short last chunk. */
  static void writeRaw(Path file, int bytes) throws IOException {
    byte[] content = new byte[bytes / 3];
    new Random(bytes).nextBytes(content);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(content);
      out.seek(bytes - content.length / 2);
      out.write(content, 0, content.length / 2 + 512);
    }
  }

  VirtualDisk disk() {
    return VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1));
  }

  DiskId id() {
    return manifest.id();
  }

  Path content() {
    return root.resolve(SharePaths.content(id()));
  }

  Share host(String name) {
    return host(name, new MountedFiles(root), TIMES);
  }

  /** A host that uses the share; the first marks it. */
  Share host(String name, ShareFiles files, ShareTimes times) {
    return host(name, files, times, NanoClock.system());
  }

  Share host(String name, ShareFiles files, ShareTimes times, NanoClock clock) {
    Share share = unprepared(name, files, times, clock);
    share.expect(Optional.empty(), true);
    await(() -> share.marker().isPresent());
    share.expect(share.marker(), true);
    await(() -> share.state() == ShareState.READY);
    return share;
  }

  Share unprepared(String name, ShareFiles files, ShareTimes times, NanoClock clock) {
    Share share =
        Share.open(
            new Share.Place(
                new EntityName("vm-cache"),
                Optional.of(root),
                UUID.nameUUIDFromBytes(name.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                    .toString(),
                home.resolve(name),
                times),
            files,
            clock,
            new Share.Listener() {
              @Override
              public void changed() {}

              @Override
              public void looked(Share looked) {}
            });
    open.add(share);
    return share;
  }

  Lease lease(Share host) {
    Claim claim = host.claim(id());
    assertThat(claim).isInstanceOf(Claim.Taken.class);
    return ((Claim.Taken) claim).lease();
  }

  /** Puts the base there. */
  CompletableFuture<Optional<Problem>> fill(Share host) {
    return fill(host, lease(host));
  }

  CompletableFuture<Optional<Problem>> fill(Share host, Lease lease) {
    CompletableFuture<Optional<Problem>> ended = new CompletableFuture<>();
    host.fill(lease, manifest, this::disk, ended::complete);
    return ended;
  }

  List<String> incoming() throws IOException {
    try (Stream<Path> files = Files.list(root.resolve("incoming"))) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("not in time").isLessThan(deadline);
      LockSupport.parkNanos(2_000_000);
    }
  }

  @Override
  public void close() {
    open.forEach(Share::close);
  }
}
