package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A base leaves only when nothing needs it, and then wholly. */
class RemovalTest {
  private static final int SIZE = 4 << 20;
  private static final Supplier<Optional<String>> NOBODY_MINDS = Optional::empty;

  @TempDir Path work;
  private TestHost host;
  private TestBase old;

  @BeforeEach
  void open() throws Exception {
    host = new TestHost(work.resolve("cache"));
    old = TestBase.random(work, SIZE, 1);
    Base _ = bring(old);
  }

  @AfterEach
  void close() throws Exception {
    host.close();
  }

  private Base bring(TestBase base) {
    return host.bring(base, host.source("peer", READY_PEER, base)).result().join();
  }

  private Cache cache() {
    return host.cache();
  }

  private void assertStays(String why, Supplier<Optional<String>> objection) {
    assertThatThrownBy(() -> cache().remove(old.id(), objection))
        .isInstanceOf(RatoonException.class)
        .hasMessageContaining(why);
    assertThat(Arrays.equals(host.read(cache().use(old.id())), old.content())).isTrue();
  }

  private Stream<Path> filesOf(TestBase base) throws IOException {
    try (Stream<Path> files = Files.walk(work.resolve("cache"))) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).startsWith(base.id().hex()))
          .toList()
          .stream();
    }
  }

  @Test
  void whatNobodyNeedsLeavesNothingBehindAndCanComeAgain() throws Exception {
    assertThat(cache().remove(old.id(), NOBODY_MINDS)).isPositive();

    assertThat(cache().find(old.id())).isEmpty();
    assertThat(cache().isReady(old.id())).isFalse();
    assertThat(cache().fingerprints(old.id())).isEmpty();
    assertThat(cache().replicas()).isEmpty();
    assertThat(filesOf(old)).isEmpty();
    assertThat(host.incoming()).isEmpty();
    assertThat(Arrays.equals(host.read(bring(old)), old.content())).isTrue();
  }

  @Test
  void aParentStaysForAsLongAsItsDelta() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 50, 2);
    Base delta = bring(upgraded);
    assertThat(delta.path().toString()).endsWith(".delta.qcow2");
    assertThat(cache().parent(upgraded.id())).contains(old.id());

    assertStays("is a difference to it", NOBODY_MINDS);
    long _ = cache().remove(upgraded.id(), NOBODY_MINDS);
    long _ = cache().remove(old.id(), NOBODY_MINDS);

    assertThat(cache().replicas()).isEmpty();
    assertThat(filesOf(upgraded)).isEmpty();
  }

  @Test
  void bothFilesOfAFlattenedBaseGoTogether() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 50, 2);
    Base _ = bring(upgraded);
    cache().flatten(upgraded.id());
    assertThat(cache().files(upgraded.id())).hasSize(2);

    assertStays("is a difference to it", NOBODY_MINDS);
    long _ = cache().remove(upgraded.id(), NOBODY_MINDS);

    assertThat(filesOf(upgraded)).isEmpty();
    long _ = cache().remove(old.id(), NOBODY_MINDS);
  }

  @Test
  void aDeltaThatIsNotKnownStillHoldsItsParent() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 50, 2);
    Base delta = bring(upgraded);
    Path copy = work.resolve("cache/incoming/" + "0".repeat(64) + ".arriving.qcow2");
    Files.copy(delta.path(), copy);
    long _ = cache().remove(upgraded.id(), NOBODY_MINDS);

    assertStays(copy.toString(), NOBODY_MINDS);
    Files.write(copy, new byte[] {1});
    assertStays(copy.toString(), NOBODY_MINDS);
    Files.delete(copy);
    long _ = cache().remove(old.id(), NOBODY_MINDS);
  }

  /** What a killed process left of a VM's disk that was to become a base. */
  @Test
  void aDiskThatIsOnItsWayIntoTheCacheHoldsItsParent() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 50, 2);
    Base delta = bring(upgraded);
    Path waiting = work.resolve("cache/incoming/" + "0".repeat(64) + ".layer");
    Files.copy(delta.path(), waiting);
    long _ = cache().remove(upgraded.id(), NOBODY_MINDS);

    assertStays(waiting.toString(), NOBODY_MINDS);
    Files.delete(waiting);
    long _ = cache().remove(old.id(), NOBODY_MINDS);
  }

  @Test
  void aReaderAHoldAndAnObjectionKeepIt() {
    try (VirtualDisk _ = cache().open(cache().use(old.id()))) {
      assertStays("has it open", NOBODY_MINDS);
    }
    try (Cache.Hold _ = cache().hold()) {
      assertStays("on their way", NOBODY_MINDS);
    }
    assertStays("VM web stands on it", () -> Optional.of("VM web stands on it."));
  }

  @Test
  void nothingBeginsOnItOnceItIsLookedTheSecondTime() {
    AtomicInteger looks = new AtomicInteger();

    long _ =
        cache()
            .remove(
                old.id(),
                () -> {
                  boolean first = looks.getAndIncrement() == 0;
                  assertThat(cache().find(old.id()).isPresent()).isEqualTo(first);
                  assertThat(cache().isReady(old.id())).isEqualTo(first);
                  assertThat(cache().fingerprints(old.id()).isPresent()).isEqualTo(first);
                  assertThat(cache().replicas().isEmpty()).isEqualTo(!first);
                  return Optional.empty();
                });

    assertThat(looks).hasValue(2);
  }

  @Test
  void whoObjectsTheSecondTimeStillHasIt() {
    AtomicInteger looks = new AtomicInteger();
    assertStays(
        "A VM came",
        () -> looks.getAndIncrement() == 0 ? Optional.empty() : Optional.of("A VM came."));
  }

  @Test
  void whatIsBroughtAnewMeanwhileStays() {
    AtomicInteger looks = new AtomicInteger();
    assertStays(
        "brought anew",
        () -> {
          if (looks.getAndIncrement() == 1) {
            Base _ = bring(old);
          }
          return Optional.empty();
        });
  }

  /** What a process that is killed leaves, step by step. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void aKilledRemovalLeavesTheBaseOrNothing(int step) throws Exception {
    Path home = work.resolve("cache");
    cache().close();
    Path content = home.resolve(old.id() + ".flat.raw");
    boolean _ = ImmutableFlag.clear(content);
    Path nameless = home.resolve("incoming/1c9a0a57-5a0c-4b5a-8a06-9f6e4d1c2b3a.leaving");
    if (step > 0) {
      Files.move(content, nameless);
    }
    if (step > 1) {
      Files.deleteIfExists(home.resolve(old.id() + ".stamp"));
    }
    if (step > 2) {
      Files.deleteIfExists(home.resolve(old.id() + ".manifest"));
    }

    try (Cache again = Cache.open(home, 2, InstantSource.system())) {
      assertThat(again.find(old.id()).isPresent()).isEqualTo(step == 0);
      if (step == 0) {
        assertThat(again.use(old.id()).path()).isEqualTo(content);
      } else {
        assertThat(filesOf(old)).isEmpty();
      }
      assertThat(nameless).doesNotExist();
    }
  }
}
