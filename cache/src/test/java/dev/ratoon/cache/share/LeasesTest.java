package dev.ratoon.cache.share;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeasesTest {
  private static final Duration EXPIRY = Duration.ofSeconds(30);
  private static final DiskId BASE = new DiskId("ab".repeat(32));

  @TempDir Path root;
  private final AtomicLong oneClock = new AtomicLong(5);

  /** Another host's clock began at another time, and is never compared. */
  private final AtomicLong twoClock = new AtomicLong(-7_000_000_000_000L);

  private ShareFiles files = new MountedFiles(Path.of("/nowhere"));
  private Leases one = new Leases(files, "", () -> 0, EXPIRY);
  private Leases two = one;

  @BeforeEach
  void open() throws IOException {
    files = new MountedFiles(root);
    files.makeFolder(SharePaths.INCOMING);
    one = leases("one", oneClock);
    two = leases("two", twoClock);
  }

  private Leases leases(String host, AtomicLong clock) {
    return new Leases(
        files,
        UUID.nameUUIDFromBytes(host.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toString(),
        clock::get,
        EXPIRY);
  }

  private void pass(Duration time) {
    oneClock.addAndGet(time.toNanos());
    twoClock.addAndGet(time.toNanos());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(root.resolve("incoming"))) {
      return all.map(file -> String.valueOf(file.getFileName()).replace(BASE.hex(), "ID")).toList();
    }
  }

  @Test
  void oneHostHasItUntilItGivesItBack() throws IOException {
    Lease lease = one.take(BASE).orElseThrow();
    assertThat(two.take(BASE)).isEmpty();
    assertThat(one.take(BASE)).isEmpty();
    one.release(lease);
    assertThat(names()).isEmpty();
    assertThat(two.take(BASE)).isPresent();
  }

  @Test
  void aLeaseThatIsRenewedIsNeverTakenOver() throws IOException {
    Lease lease = one.take(BASE).orElseThrow();
    for (int i = 0; i < 50; i++) {
      pass(Duration.ofSeconds(20));
      one.renew(lease);
      assertThat(two.take(BASE)).isEmpty();
    }
    assertThat(one.isHeld(lease)).isTrue();
  }

  @Test
  void aLeaseIsTakenOverOnlyAfterItWasSeenUnchangedForLongEnough() throws IOException {
    Lease lease = one.take(BASE).orElseThrow();
    pass(Duration.ofHours(1));
    assertThat(two.take(BASE)).as("seen for the first time").isEmpty();
    pass(EXPIRY.minusNanos(1));
    assertThat(two.take(BASE)).isEmpty();
    pass(Duration.ofNanos(1));
    Lease taken = two.take(BASE).orElseThrow();
    assertThat(taken.number()).isEqualTo(2);
    assertThat(names()).containsExactly("ID.lease.2");
    one.renew(lease);
    assertThat(one.isHeld(lease)).isFalse();
    one.release(lease);
    assertThat(names()).as("what is another's stays").containsExactly("ID.lease.2");
    assertThat(two.isHeld(taken)).isTrue();
  }

  @Test
  void aHolderThatSleptTooLongHasNothingEvenIfNobodyTookOver() throws IOException {
    Lease lease = one.take(BASE).orElseThrow();
    pass(EXPIRY);
    assertThat(one.isHeld(lease)).isFalse();
    one.renew(lease);
    assertThat(one.isHeld(lease)).isFalse();
  }

  @Test
  void aHolderSeesThatThereIsAHigherNumber() throws IOException {
    Lease lease = one.take(BASE).orElseThrow();
    files.createSmall(
        SharePaths.lease(BASE, 2), "whoever".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    one.renew(lease);
    assertThat(one.isHeld(lease)).isFalse();
  }

  @Test
  void ofManyThatTakeOverOneAloneDoes() throws IOException {
    var _ = one.take(BASE).orElseThrow();
    List<Leases> many =
        IntStream.range(0, 8).mapToObj(i -> leases("other-" + i, twoClock)).toList();
    for (Leases each : many) {
      assertThat(each.take(BASE)).isEmpty();
    }
    pass(EXPIRY);
    long winners =
        many.parallelStream()
            .map(each -> {
              try {
                return each.take(BASE);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            })
            .filter(Optional::isPresent)
            .count();
    assertThat(winners).isEqualTo(1);
  }

  @Test
  void whatADeadWriterLeftIsClearedByWhoeverTakesOver() throws IOException {
    Lease dead = one.take(BASE).orElseThrow();
    files.createSmall(SharePaths.part(BASE, dead.nonce()), new byte[100]);
    assertThat(two.take(BASE)).isEmpty();
    pass(EXPIRY);
    two.sweep();
    assertThat(names()).isEmpty();
  }

  @Test
  void aHostThatWasStartedAgainTakesItsOwnLeaseAtOnce() throws IOException {
    Lease dead = one.take(BASE).orElseThrow();
    files.createSmall(SharePaths.part(BASE, dead.nonce()), new byte[100]);
    Leases restarted = leases("one", oneClock);
    Lease lease = restarted.take(BASE).orElseThrow();
    assertThat(names()).containsExactly("ID.lease.2");
    restarted.release(lease);
    assertThat(names()).isEmpty();
  }

  @Test
  void aDamagedLeaseExpiresLikeAnyOther() throws IOException {
    files.createSmall(SharePaths.lease(BASE, 1), new byte[0]);
    assertThat(two.take(BASE)).isEmpty();
    pass(EXPIRY);
    assertThat(two.take(BASE)).isPresent();
    files.createSmall("incoming/" + BASE + ".lease.x", new byte[0]);
    files.createSmall("incoming/" + BASE + ".lease.99999999999999999", new byte[0]);
    assertThat(one.take(BASE)).isEmpty();
  }
}
