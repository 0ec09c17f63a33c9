package dev.ratoon.cache.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShareTest {
  @TempDir Path work;
  private SharedFolder folder;

  @BeforeEach
  void open() throws IOException {
    folder = new SharedFolder(work);
  }

  @AfterEach
  void close() {
    folder.close();
  }

  private static void use(Share share, SharedFolder folder) {
    Base _ = share.use(folder.id(), (done, total) -> {});
  }

  @Test
  void whatOneHostPublishesAllOthersHave() throws IOException {
    Share one = folder.host("one");
    Share two = folder.host("two");
    assertThat(folder.fill(one).join()).isEmpty();
    two.lookAgain();
    SharedFolder.await(() -> two.has(folder.id()));
    AtomicLong read = new AtomicLong();
    Base base = two.use(folder.id(), (done, total) -> read.set(done));
    assertThat(base.path()).isEqualTo(folder.content());
    assertThat(read).hasValue(folder.manifest.size());
    assertThat(Files.mismatch(folder.content(), folder.raw)).isEqualTo(-1);
    assertThat(Files.getPosixFilePermissions(folder.content()))
        .isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
    assertThat(folder.incoming()).as("nothing half-made is left").isEmpty();
    assertThat(two.claim(folder.id())).isEqualTo(new Claim.There());
  }

  @Test
  void aHostReadsABaseOnceAndAgainWhenItsInodeHasChanged() throws IOException {
    Share one = folder.host("one");
    folder.fill(one).join();
    StallingFiles counting = new StallingFiles(new MountedFiles(folder.root));
    Share two = folder.host("two", counting, SharedFolder.TIMES);
    use(two, folder);
    int first = counting.reads.get();
    use(two, folder);
    two.close();
    Share restarted = folder.host("two", counting, SharedFolder.TIMES);
    int before = counting.reads.get();
    use(restarted, folder);
    assertThat(counting.reads.get()).as("it is remembered").isEqualTo(before);
    Files.setLastModifiedTime(folder.content(), FileTime.fromMillis(1_000_000));
    use(restarted, folder);
    assertThat(counting.reads.get()).isGreaterThan(before);
    assertThat(first).isPositive();
  }

  @Test
  void anAlteredBaseIsNotUsedAndIsReported() throws IOException {
    Share one = folder.host("one");
    folder.fill(one).join();
    use(one, folder);
    FileTime time = Files.getLastModifiedTime(folder.content());
    Files.setPosixFilePermissions(folder.content(), PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel file = FileChannel.open(folder.content(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap("altered".getBytes(StandardCharsets.UTF_8)), 70_000);
    }
    Files.setLastModifiedTime(folder.content(), time);
    assertThatThrownBy(() -> use(one, folder))
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED);
              assertThat(e.problem().detail()).contains("At 65536 it holds something else.");
            });
    SharedFolder.await(() -> one.bases().getFirst().state() == ReplicaState.SUSPECT);
    assertThat(one.has(folder.id())).isFalse();
  }

  @Test
  void itIsGivenToHostsThatDoNotSeeTheShareAndEachChunkIsVerifiedBefore() throws IOException {
    StallingFiles files = new StallingFiles(new MountedFiles(folder.root));
    ShareTimes impatient =
        new ShareTimes(
            Duration.ofMillis(300), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);
    Share one = folder.host("one", files, impatient);
    folder.fill(one).join();
    one.lookAgain();
    SharedFolder.await(() -> one.has(folder.id()));
    byte[] raw = Files.readAllBytes(folder.raw);
    try (BaseContent given = one.open(folder.id())) {
      assertThat(given.manifest().id()).isEqualTo(folder.id());
      for (int[] part : new int[][] {{0, 1 << 20}, {70_000, 4096}, {raw.length - 512, 512}}) {
        ByteBuffer target = ByteBuffer.allocate(part[1]);
        given.read(part[0], target);
        assertThat(target.array()).isEqualTo(Arrays.copyOfRange(raw, part[0], part[0] + part[1]));
      }

      files.hang(true);
      assertThatThrownBy(() -> given.read(0, ByteBuffer.allocate(4096)))
          .isInstanceOfSatisfying(
              RatoonException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE));
      files.hang(false);
      SharedFolder.await(() -> one.state() == ShareState.READY);

      Files.setPosixFilePermissions(folder.content(), PosixFilePermissions.fromString("rw-r--r--"));
      try (FileChannel file = FileChannel.open(folder.content(), StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.wrap("altered".getBytes(StandardCharsets.UTF_8)), 70_000);
      }
      given.read(0, ByteBuffer.allocate(65536));
      assertThatThrownBy(() -> given.read(65536, ByteBuffer.allocate(512)))
          .as("not even what is right of a chunk that is wrong")
          .isInstanceOfSatisfying(
              RatoonException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED));
    }
  }

  /** A disk whose files hang when that is wanted. */
  private static final class HangingDisk implements VirtualDisk {
    private final VirtualDisk disk;
    private final Semaphore gate = new Semaphore(0);
    private volatile boolean hangs;

    HangingDisk(VirtualDisk disk) {
      this.disk = disk;
    }

    private void pass() {
      if (hangs) {
        gate.acquireUninterruptibly();
      }
    }

    @Override
    public long size() {
      return disk.size();
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      pass();
      disk.read(offset, target);
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      pass();
      return disk.extentAt(offset, limit);
    }

    @Override
    public List<Layer> layers() {
      return disk.layers();
    }

    @Override
    public void close() {
      pass();
      disk.close();
    }
  }

  @Test
  void whoReadsADiskThatStandsOnAShareIsToldWhenItHangs() throws IOException {
    ShareTimes impatient =
        new ShareTimes(
            Duration.ofMillis(300), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);
    Share share = folder.host("one", new MountedFiles(folder.root), impatient);
    HangingDisk disk = new HangingDisk(folder.disk());
    byte[] raw = Files.readAllBytes(folder.raw);
    VirtualDisk watched = share.watched("exporting", () -> disk);
    ByteBuffer got = ByteBuffer.allocate(5000);
    watched.read(1000, got);
    assertThat(got.array()).isEqualTo(Arrays.copyOfRange(raw, 1000, 6000));
    assertThat(watched.extentAt(0).kind()).isEqualTo(Extent.Kind.DATA);

    disk.hangs = true;
    byte[] before = got.array().clone();
    assertThatThrownBy(() -> watched.read(0, got.clear()))
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE);
              assertThat(e.problem().doing()).isEqualTo("exporting");
            });
    assertThat(share.state()).isEqualTo(ShareState.STALLED);
    watched.close();
    disk.hangs = false;
    disk.gate.release(10);
    SharedFolder.await(() -> share.state() == ShareState.READY);
    assertThat(got.array()).as("nothing comes late").isEqualTo(before);
    disk.close();
  }

  @Test
  void dataInAHoleIsNotTakenForZeros() throws IOException {
    Share one = folder.host("one");
    folder.fill(one).join();
    try (FileChannel file = FileChannel.open(folder.content(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1}), folder.manifest.size() / 2);
    }
    assertThatThrownBy(() -> use(one, folder)).hasMessageContaining("does not hold zeros");
  }

  @Test
  void aFileThatOthersMayWriteIsNotUsed() throws IOException {
    Share one = folder.host("one");
    folder.fill(one).join();
    Files.setPosixFilePermissions(folder.content(), PosixFilePermissions.fromString("rw-rw-rw-"));
    assertThatThrownBy(() -> use(one, folder)).hasMessageContaining("Others than its owner");
    SharedFolder.await(() -> !one.has(folder.id()));
  }

  @Test
  void aLinkUnderABasesNameIsNotFollowed() throws IOException {
    Share one = folder.host("one");
    folder.fill(one).join();
    Path elsewhere = work.resolve("elsewhere.raw");
    Files.move(folder.content(), elsewhere);
    Files.createSymbolicLink(folder.content(), elsewhere);
    assertThatThrownBy(() -> use(one, folder))
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_MISSING));
  }

  @Test
  void aFolderUnderWhichNothingIsMountedIsNotAShare() {
    Share share =
        folder.unprepared(
            "one", new MountedFiles(folder.root), SharedFolder.TIMES, NanoClock.system());
    share.expect(Optional.of("00000000-0000-0000-0000-000000000000"), false);
    SharedFolder.await(() -> share.state() == ShareState.UNUSABLE);
    assertThat(share.problem().orElseThrow().next()).contains("Mount the share");
    assertThat(folder.root).isEmptyDirectory();
    assertThatThrownBy(() -> share.claim(folder.id()))
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE));
  }

  @Test
  void anotherShareAtItsPlaceIsNotUsed() throws IOException {
    Share one = folder.host("one");
    Files.writeString(
        folder.root.resolve("ratoon-share"),
        "ratoon-share 1\n00000000-0000-0000-0000-000000000000\n");
    SharedFolder.await(() -> one.state() == ShareState.UNUSABLE);
    assertThat(one.problem().orElseThrow().detail()).contains("It is another one");
  }

  @Test
  void aShareThatOthersMayWriteToIsNotUsed() throws IOException {
    Share one = folder.host("one");
    Files.setPosixFilePermissions(folder.root, PosixFilePermissions.fromString("rwxrwxrwx"));
    SharedFolder.await(() -> one.state() == ShareState.UNUSABLE);
    Files.setPosixFilePermissions(folder.root, PosixFilePermissions.fromString("rwxr-xr-x"));
    SharedFolder.await(() -> one.state() == ShareState.READY);
  }

  @Test
  void aShareThatHangsIsSaidAndHangsNobodyAndIsUsedAgainWhenItAnswers() {
    StallingFiles files = new StallingFiles(new MountedFiles(folder.root));
    JumpingClock clock = new JumpingClock();
    Share one = folder.host("one", files, SharedFolder.TIMES, clock);
    assertThat(folder.fill(one).join()).isEmpty();
    SharedFolder.await(() -> one.has(folder.id()));
    files.hang(true);
    CompletableFuture<Void> used = CompletableFuture.runAsync(() -> use(one, folder));
    SharedFolder.await(() -> {
      clock.jump(Duration.ofSeconds(5));
      return used.isDone();
    });
    assertThatThrownBy(used::join)
        .cause()
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE));
    assertThat(one.state()).isEqualTo(ShareState.STALLED);
    assertThat(one.has(folder.id())).as("nothing new is made on it").isFalse();
    assertThat(one.bases()).as("what is there is still known").hasSize(1);
    for (int i = 0; i < 100; i++) {
      assertThatThrownBy(() -> use(one, folder)).isInstanceOf(RatoonException.class);
    }
    assertThat(files.hanging.get()).as("threads that hang").isLessThan(4);
    files.hang(false);
    SharedFolder.await(() -> one.state() == ShareState.READY);
    use(one, folder);
  }

  @Test
  void aWriterThatHungPublishesNothingWhenItComesBackAndAnotherHasFilledMeanwhile()
      throws IOException {
    StallingFiles files = new StallingFiles(new MountedFiles(folder.root));
    ShareTimes patient =
        new ShareTimes(
            Duration.ofMinutes(10), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);
    JumpingClock ofOne = new JumpingClock();
    JumpingClock ofTwo = new JumpingClock();
    Share one = folder.host("one", files, SharedFolder.TIMES, ofOne);
    Share two = folder.host("two", new MountedFiles(folder.root), patient, ofTwo);
    Lease lease = folder.lease(one);
    files.hangAfterWrites(3);
    var hung = folder.fill(one, lease);
    SharedFolder.await(() -> files.hanging.get() > 1);
    SharedFolder.await(() -> {
      ofOne.jump(Duration.ofSeconds(5));
      return hung.isDone();
    });
    assertThat(hung.join().orElseThrow().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE);
    SharedFolder.await(() -> {
      ofTwo.jump(Duration.ofSeconds(25));
      return two.claim(folder.id()) instanceof Claim.Taken(Lease taken)
          && folder.fill(two, taken).join().isEmpty();
    });
    FileTime published = Files.getLastModifiedTime(folder.content());
    files.hang(false);
    SharedFolder.await(() -> one.state() == ShareState.READY && files.hanging.get() == 0);
    use(one, folder);
    use(two, folder);
    assertThat(Files.getLastModifiedTime(folder.content())).isEqualTo(published);
    SharedFolder.await(() -> {
      try {
        return folder.incoming().isEmpty();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    });
  }

  @Test
  void aWholeCopyIsVerifiedAsItIsRead() throws IOException {
    Share one = folder.host("one");
    folder.fill(one).join();
    Path copy = work.resolve("copy.raw");
    long copied = one.copyWhole(folder.id(), copy, folder.manifest.size() + 512, (d, t) -> {});
    assertThat(copied).isPositive().isLessThan(folder.manifest.size());
    assertThat(Files.size(copy)).isEqualTo(folder.manifest.size() + 512);
    byte[] bytes = Files.readAllBytes(copy);
    assertThat(ByteBuffer.wrap(bytes, 0, (int) folder.manifest.size()))
        .isEqualTo(ByteBuffer.wrap(Files.readAllBytes(folder.raw)));
  }

  @Test
  void aLocalCopyThatIsWrongIsNotPutThere() throws IOException {
    Share one = folder.host("one");
    try (FileChannel file = FileChannel.open(folder.raw, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5);
    }
    assertThat(folder.fill(one).join().orElseThrow().code()).isEqualTo(ErrorCode.BASE_ALTERED);
    assertThat(folder.content()).doesNotExist();
    SharedFolder.await(() -> one.bases().isEmpty());
    assertThat(folder.incoming()).isEmpty();
  }

  @Test
  void aClaimThatNobodyWaitsForAnyMoreIsGivenBack() throws Exception {
    StallingFiles files = new StallingFiles(new MountedFiles(folder.root));
    Share one = folder.host("one", files, SharedFolder.TIMES);
    files.hang(true);
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    Thread claiming =
        Thread.ofVirtual()
            .start(() -> {
              try {
                ended.completeExceptionally(new AssertionError(one.claim(folder.id())));
              } catch (RatoonException interrupted) {
                ended.complete(interrupted);
              }
            });
    SharedFolder.await(() -> files.hanging.get() > 1);
    claiming.interrupt();
    assertThat(ended.join()).hasMessageContaining("interrupted");
    files.hang(false);
    SharedFolder.await(() -> one.claim(folder.id()) instanceof Claim.Taken);
  }
}
