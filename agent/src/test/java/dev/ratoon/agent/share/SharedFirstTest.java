package dev.ratoon.agent.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.cache.share.MountedFiles;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.ReplicaReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several hosts that share a folder, none of which has the base at first. */
class SharedFirstTest {
  private static final int DISK_BYTES = 2 << 20;
  private static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(20), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);

  @TempDir Path work;
  private final List<Member> members = new ArrayList<>();
  private final AtomicInteger brought = new AtomicInteger();
  private final CountDownLatch mayBring = new CountDownLatch(1);
  private volatile boolean cannotBring;
  private DiskId base;
  private Path root;

  /** One host. */
  private final class Member implements AutoCloseable {
    final Cache cache;
    final Shares shares;
    final Bases bases;

    Member(String name) {
      cache = Cache.open(work.resolve(name), 1, InstantSource.system());
      shares =
          Shares.of(
              cache,
              UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString(),
              work.resolve("memory-" + name),
              TIMES,
              share -> new MountedFiles(root));
      bases = new SharedFirst(cache, shares, new Library(cache));
    }

    @Override
    public void close() {
      bases.close();
      shares.close();
      cache.close();
    }
  }

  /** Brings a base from elsewhere, which is counted. */
  private final class Library implements Bases {
    private final Cache cache;

    Library(Cache cache) {
      this.cache = cache;
    }

    @Override
    public Base ready(DiskId id, Priority priority, Progress progress) throws InterruptedException {
      if (cache.find(id).isEmpty()) {
        mayBring.await();
        brought.incrementAndGet();
        if (cannotBring) {
          throw Problem.of(ErrorCode.BASE_MISSING, "bringing").asException();
        }
        importInto(cache);
      }
      return cache.use(id);
    }

    @Override
    public Optional<String> address() {
      return Optional.empty();
    }

    @Override
    public List<ReplicaReport> arriving() {
      return List.of();
    }

    @Override
    public void close() {}
  }

  private static DiskId importInto(Cache cache) {
    byte[] bytes = new byte[DISK_BYTES];
    new Random(3).nextBytes(bytes);
    try (Upload upload = cache.beginUpload()) {
      upload.channel().write(ByteBuffer.wrap(bytes), 0);
      return cache.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @BeforeEach
  void open() throws IOException {
    root = Files.createDirectories(work.resolve("share"));
    try (Cache library = Cache.open(work.resolve("library"), 1, InstantSource.system())) {
      base = importInto(library);
    }
    for (int i = 0; i < 4; i++) {
      members.add(new Member("host-" + i));
    }
    use(Optional.empty(), members.getFirst());
    await(() -> members.getFirst().shares.reports().getFirst().marker().isPresent());
    Optional<String> marker = members.getFirst().shares.reports().getFirst().marker();
    for (Member member : members) {
      use(marker, member);
      await(() -> member.shares.reports().getFirst().state() == ShareState.READY);
    }
  }

  private void use(Optional<String> marker, Member member) {
    member.shares.want(
        List.of(
            new DesiredShare(
                new EntityName("vm-cache"),
                ShareKind.MOUNTED,
                root.toString(),
                Optional.empty(),
                marker,
                true,
                List.of())));
  }

  @AfterEach
  void close() throws IOException {
    members.forEach(Member::close);
    try (Stream<Path> files = Files.walk(work)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("not in time").isLessThan(deadline);
      LockSupport.parkNanos(2_000_000);
    }
  }

  private static Base ready(Member member, DiskId id) {
    try {
      return member.bases.ready(id, Priority.DEPLOY, (done, total) -> {});
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Base ready(Member member, DiskId id, Path chosen) {
    try {
      return new ChosenCaches(member.cache, member.shares, member.bases)
          .ready(id, chosen, Priority.DEPLOY, (done, total) -> {});
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aBaseComesToTheCacheThatWasChosen() {
    mayBring.countDown();
    Member first = members.getFirst();
    Member second = members.getLast();

    Base shared = ready(first, base, root);

    assertThat(shared.path()).startsWith(root);
    assertThat(new HostCaches(first.cache, first.shares).useAt(base, root)).isEqualTo(shared);
    await(() -> second.shares.reports().getFirst().bases().size() == 1);
    Base own = ready(second, base, second.cache.root());
    assertThat(own.path().getParent()).isEqualTo(second.cache.root());
    assertThat(new HostCaches(second.cache, second.shares).useAt(base, second.cache.root()))
        .isEqualTo(own);
    assertThat(ready(second, base, root).path()).isEqualTo(shared.path());
    assertThat(ready(second, base, own.path()).path()).isEqualTo(own.path());
    assertThat(brought).hasValue(2);
  }

  @Test
  void whatIsNoCacheIsNoPlaceForABase() {
    assertThatThrownBy(() -> ready(members.getFirst(), base, work))
        .isInstanceOf(RatoonException.class)
        .hasMessageContaining("The host has no cache there")
        .hasMessageContaining(root.toString());
    assertThat(brought).hasValue(0);
  }

  @Test
  void howeverManyHostsWantABaseItIsBroughtOnceAndSharedByAll() {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Base>> all =
          IntStream.range(0, 2)
              .boxed()
              .flatMap(_ -> members.stream())
              .map(member -> CompletableFuture.supplyAsync(() -> ready(member, base), threads))
              .toList();
      mayBring.countDown();
      List<Path> places = all.stream().map(CompletableFuture::join).map(Base::path).toList();
      assertThat(brought.get()).isBetween(1, 2);
      long own = members.stream().filter(m -> m.cache.find(base).isPresent()).count();
      assertThat(own).as("hosts that have a copy of their own").isEqualTo(1);
      assertThat(places.stream().filter(path -> path.startsWith(root)).count())
          .isGreaterThanOrEqualTo(6);
    }
  }

  @Test
  void aHostThatCannotBringItLeavesItToTheNext() {
    cannotBring = true;
    mayBring.countDown();
    assertThatThrownBy(() -> ready(members.getFirst(), base)).isInstanceOf(RatoonException.class);
    cannotBring = false;
    assertThat(ready(members.get(1), base).path()).startsWith(members.get(1).cache.root());
    assertThat(ready(members.get(2), base).path()).startsWith(root);
  }

  @Test
  void aShareThatIsNotThereLeavesTheOtherWays() throws IOException {
    Files.delete(root.resolve("ratoon-share"));
    await(() -> members.getFirst().shares.reports().getFirst().state() == ShareState.UNUSABLE);
    mayBring.countDown();
    assertThat(ready(members.getFirst(), base).path()).startsWith(members.getFirst().cache.root());
  }

  @Test
  void aBaseThatIsWrongOnTheShareIsBroughtFromElsewhere() throws IOException {
    mayBring.countDown();
    ready(members.getFirst(), base);
    Path shared = root.resolve(base + ".flat.raw");
    await(() -> Files.exists(shared));
    Files.setPosixFilePermissions(
        shared, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    byte[] bytes = Files.readAllBytes(shared);
    bytes[77]++;
    Files.write(shared, bytes);
    assertThat(ready(members.get(1), base).path()).startsWith(members.get(1).cache.root());
    assertThat(brought).hasValue(2);
  }

  @Test
  void contentWithoutItsManifestIsNotWaitedForForEver() throws IOException {
    mayBring.countDown();
    ready(members.getFirst(), base);
    await(() -> Files.exists(root.resolve(base + ".flat.raw")));
    Files.delete(root.resolve(base + ".manifest"));
    assertThat(ready(members.get(1), base).path()).startsWith(members.get(1).cache.root());
  }
}
