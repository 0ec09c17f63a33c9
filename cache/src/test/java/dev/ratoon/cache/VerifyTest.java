package dev.ratoon.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A full reading finds what no inode tells. */
class VerifyTest {
  private static final ImportProgress SILENT = (step, done, total) -> {};
  private static final CopyProgress UNSEEN = (done, total) -> {};

  @TempDir Path work;
  private Path home;
  private Cache cache;
  private volatile Instant now = Instant.parse("2026-03-01T00:00:00Z");
  private final InstantSource clock = () -> now;

  @BeforeEach
  void open() {
    home = work.resolve("cache");
    cache = Cache.open(home, 2, clock);
  }

  @AfterEach
  void close() throws IOException {
    cache.close();
    Images.makeDeletable(home);
  }

  private DiskId imported() throws IOException {
    return Images.importInto(cache, raw(), SILENT).diskId();
  }

  private Path raw() throws IOException {
    Path raw = work.resolve("a.raw");
    return Files.exists(raw) ? raw : Images.random(raw, 4 << 20, 11);
  }

  /** Changes a byte, and has size, times and stamp say that nothing happened. */
  private void rot(DiskId id, long offset) throws IOException {
    Path file = cache.find(id).orElseThrow().path();
    FileTime modified = Files.getLastModifiedTime(file);
    cache.close();
    Images.alter(file, offset);
    Files.setLastModifiedTime(file, modified);
    CachedBase.protect(file);
    boolean immutable = ImmutableFlag.set(file);
    Stamp.of(file, immutable, Instant.now().plusSeconds(60))
        .write(new CacheFolder(home).stamp(id, Layout.FLAT), now);
    cache = Cache.open(home, 2, clock);
  }

  private Replica replica() {
    return cache.replicas().getFirst();
  }

  private static void assertAltered(Cache cache, DiskId id, String detail) {
    assertThatThrownBy(() -> cache.verify(id, Pace.ANY, UNSEEN))
        .asInstanceOf(type(RatoonException.class))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED))
        .satisfies(e -> assertThat(e.problem().detail()).contains(detail));
  }

  @Test
  void aSoundBaseIsSoundAndWhenThatWasSeenIsKnown() throws Exception {
    DiskId id = imported();
    assertThat(replica().verifiedAt()).contains(now);
    now = now.plus(Duration.ofDays(3));
    AtomicLong read = new AtomicLong();
    assertThat(cache.verify(id, Pace.ANY, (done, total) -> read.accumulateAndGet(done, Math::max)))
        .isEqualTo(cache.use(id));
    assertThat(read).hasValue(4 << 20);
    assertThat(replica().verifiedAt()).contains(now);
    cache.close();
    cache = Cache.open(home, 2, clock);
    assertThat(replica().verifiedAt()).contains(now);
    assertThat(replica().state()).isEqualTo(ReplicaState.READY);
  }

  @Test
  void aByteThatRottedWithoutATraceIsFoundAndTheBaseStaysSuspect() throws Exception {
    DiskId id = imported();
    rot(id, 70_000);
    assertThat(replica().state()).isEqualTo(ReplicaState.READY);
    assertAltered(cache, id, "One chunk of 64 KiB is wrong, the first at byte 65536.");
    assertThat(replica().state()).isEqualTo(ReplicaState.SUSPECT);
    assertThat(replica().verifiedAt()).isEmpty();
    assertThatThrownBy(() -> cache.use(id)).hasMessageContaining("65536");

    cache.close();
    cache = Cache.open(home, 2, clock);
    assertThat(replica().state()).isEqualTo(ReplicaState.SUSPECT);
    assertThatThrownBy(() -> cache.use(id)).isInstanceOf(RatoonException.class);
  }

  @Test
  void aGoodCopyTakesItsPlaceAndTheBadOneIsKept() throws Exception {
    DiskId id = imported();
    rot(id, 12_345);
    assertAltered(cache, id, "the first at byte 0.");
    Path bad = work.resolve("bad.raw");
    Files.copy(cache.find(id).orElseThrow().path(), bad);
    assertThat(cache.replacedAt(id)).isEmpty();

    assertThat(imported()).isEqualTo(id);

    Images.compare(raw(), cache.verify(id, Pace.ANY, UNSEEN).path());
    assertThat(replica().state()).isEqualTo(ReplicaState.READY);
    assertThat(cache.replacedAt(id)).isPresent();
    List<Path> kept;
    try (Stream<Path> files = Files.list(home)) {
      kept = files.filter(file -> file.toString().contains(".altered-")).toList();
    }
    assertThat(kept).hasSize(1);
    assertThat(Files.mismatch(kept.getFirst(), bad)).isEqualTo(-1);
    cache.close();
    cache = Cache.open(home, 2, clock);
    assertThat(cache.replacedAt(id)).isPresent();
  }

  @Test
  void aSuspectBaseThatProvesSoundIsReadyAgain() throws Exception {
    DiskId id = imported();
    Path file = cache.find(id).orElseThrow().path();
    rot(id, 99_999);
    assertAltered(cache, id, "wrong");
    for (int i = 0; i < 255; i++) {
      Images.alter(file, 99_999);
    }
    assertThat(cache.verify(id, Pace.ANY, UNSEEN).id()).isEqualTo(id);
    assertThat(replica().state()).isEqualTo(ReplicaState.READY);
  }

  @Test
  void aBaseIsReadNoFasterThanThePaceSays() throws Exception {
    DiskId id = imported();
    AtomicLong taken = new AtomicLong();
    cache.verify(id, taken::addAndGet, UNSEEN);
    assertThat(taken.get()).isBetween(1L << 20, 4L << 20);
    long from = System.nanoTime();
    cache.verify(id, Pace.of(16 << 20), UNSEEN);
    long least = Duration.ofMillis(1000 * (taken.get() - (1 << 20)) / (16 << 20)).toNanos();
    assertThat(System.nanoTime() - from).isGreaterThan(least);
  }

  /** Reads gently, until so many bytes were read in all. */
  private void cutOff(DiskId id, long after) {
    AtomicLong taken = new AtomicLong();
    Pace pace =
        bytes -> {
          if (taken.addAndGet(bytes) > after) {
            throw Problem.of(ErrorCode.INTERRUPTED, "reading").asException();
          }
        };
    assertThatThrownBy(() -> cache.scrub(id, pace, UNSEEN)).hasMessageContaining("reading");
  }

  private long scrubbed(DiskId id) {
    AtomicLong taken = new AtomicLong();
    assertThat(cache.scrub(id, taken::addAndGet, UNSEEN).id()).isEqualTo(id);
    return taken.get();
  }

  @Test
  void aScrubThatWasCutOffGoesOnWhereItWas() throws Exception {
    Images.random(work.resolve("a.raw"), 160 << 20, 11);
    DiskId id = imported();
    long all = scrubbed(id);
    assertThat(all).isBetween(100L << 20, 160L << 20);
    now = now.plus(Duration.ofDays(3));
    Instant begun = now;
    cutOff(id, 100 << 20);
    assertThat(replica().verifiedAt().orElseThrow()).isBefore(begun);
    cache.close();
    now = now.plus(Duration.ofDays(1));
    cache = Cache.open(home, 2, clock);
    assertThat(cache.leftovers()).isEmpty();

    assertThat(scrubbed(id)).as("the rest").isLessThan(all - (60 << 20));

    assertThat(replica().verifiedAt()).as("when the first byte was read").contains(begun);
    assertThat(scrubbed(id)).as("one that has ended begins anew").isEqualTo(all);
  }

  @Test
  void whatWasReadOfAnotherFileOrLongAgoIsReadAgain() throws Exception {
    Images.random(work.resolve("a.raw"), 160 << 20, 11);
    DiskId id = imported();
    long all = scrubbed(id);
    cutOff(id, 100 << 20);
    now = now.plus(Duration.ofDays(8));
    assertThat(scrubbed(id)).as("long ago").isEqualTo(all);

    cutOff(id, 100 << 20);
    rot(id, 1000);
    assertThatThrownBy(() -> cache.scrub(id, Pace.ANY, UNSEEN))
        .hasMessageContaining("One chunk of 64 KiB is wrong, the first at byte 0.");
    assertThat(replica().state()).isEqualTo(ReplicaState.SUSPECT);
  }

  @Test
  void aScrubFindsWhatRotted() throws Exception {
    DiskId id = imported();
    rot(id, (3 << 20) + 5);
    assertThatThrownBy(() -> cache.scrub(id, Pace.ANY, UNSEEN))
        .hasMessageContaining("the first at byte 3145728.");
  }

  /** The kernel has the good bytes in memory, the disk has bad ones. */
  @Test
  void whatIsOnTheDiskCountsNotWhatTheKernelKeepsOfIt() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "mounting takes root");
    Path image = work.resolve("fs.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(512 << 20);
    }
    Path mount = Files.createDirectory(work.resolve("mount"));
    Images.run("mkfs.ext4", "-q", "-F", image.toString());
    Images.run("mount", "-o", "loop", image.toString(), mount.toString());
    try (Cache mounted = Cache.open(mount.resolve("cache"), 2, clock)) {
      DiskId id = Images.importInto(mounted, raw(), SILENT).diskId();
      Path file = mounted.find(id).orElseThrow().path();
      byte[] good = Files.readAllBytes(file);
      Images.run("sync", "-f", file.toString());
      byte[] sector = Arrays.copyOfRange(good, 1 << 20, (1 << 20) + 512);
      try (RandomAccessFile disk = new RandomAccessFile(image.toFile(), "rw")) {
        long at = find(image, sector);
        disk.seek(at);
        disk.write(sector[0] + 1);
        disk.getFD().sync();
      }
      assertThat(Files.readAllBytes(file)).isEqualTo(good);
      assertThat(mounted.use(id).path()).isEqualTo(file);

      assertAltered(mounted, id, "One chunk of 64 KiB is wrong, the first at byte 1048576.");
    } finally {
      Images.makeDeletable(mount.resolve("cache"));
      Images.run("umount", mount.toString());
    }
  }

  private static long find(Path image, byte[] sector) throws IOException {
    byte[] piece = new byte[1 << 20];
    try (InputStream in = Files.newInputStream(image)) {
      long at = 0;
      for (int count = in.readNBytes(piece, 0, piece.length);
          count == piece.length;
          count = in.readNBytes(piece, 0, piece.length)) {
        for (int i = 0; i < count; i += sector.length) {
          if (Arrays.equals(piece, i, i + sector.length, sector, 0, sector.length)) {
            return at + i;
          }
        }
        at += count;
      }
    }
    throw new AssertionError("The content is not on the disk.");
  }
}
