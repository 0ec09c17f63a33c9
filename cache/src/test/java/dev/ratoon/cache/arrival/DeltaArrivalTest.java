package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Replica;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A base of which a relative has enough at the same places is stored as what differs. */
class DeltaArrivalTest {
  private static final int SIZE = (8 << 20) + 3 * 512;
  private static final int TABLES = 1 << 19;

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

  private Replica replica(TestBase base) {
    return host.cache().replicas().stream()
        .filter(r -> r.base().id().equals(base.id()))
        .findFirst()
        .orElseThrow();
  }

  private void assertHolds(TestBase base, Base arrived) {
    assertThat(Arrays.equals(host.read(arrived), base.content())).isTrue();
  }

  @Test
  void whatDiffersIsStoredAndNothingElse() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 200, 2);

    Base arrived = bring(upgraded);

    assertThat(arrived.format()).isEqualTo(DiskFormat.QCOW2);
    assertThat(arrived.path().getFileName()).hasToString(upgraded.id() + ".delta.qcow2");
    assertThat(arrived.sizeBytes()).isEqualTo(SIZE);
    assertHolds(upgraded, arrived);
    assertThat(replica(upgraded).layout()).isEqualTo(Layout.DELTA);
    assertThat(replica(upgraded).storedBytes()).isLessThan(200 * TestBase.BLOCK + TABLES);
    assertThat(host.cache().chain(arrived))
        .extracting(base -> base.id())
        .containsExactly(upgraded.id(), old.id());
    assertThat(host.incoming()).isEmpty();
    assertThat(host.cache().manifest(upgraded.id()).id()).isEqualTo(upgraded.id());
    assertThat(host.cache().fingerprints(upgraded.id())).isPresent();
  }

  /** With another size, with hardly a difference and with many, and what QEMU makes of it. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aDeltaReadsAsAFlatFileWould(int seed) throws Exception {
    int size = SIZE + (seed % 3 - 1) * 5 * TestBase.CHUNK + seed * 512;
    TestBase upgraded = old.upgraded(work, size, 1 + seed * seed * 25, seed);

    Base arrived = bring(upgraded);

    assertThat(arrived.format()).isEqualTo(DiskFormat.QCOW2);
    assertHolds(upgraded, arrived);
    Path flat = Files.write(work.resolve("flat.raw"), upgraded.content());
    qemu("check", "-f", "qcow2", arrived.path().toString());
    qemu("compare", "-f", "qcow2", "-F", "raw", arrived.path().toString(), flat.toString());
  }

  private static void qemu(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("qemu-img"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
  }

  @Test
  void oneThatHasLittleInCommonIsFlat() throws Exception {
    TestBase other = old.upgraded(work, SIZE, SIZE / TestBase.BLOCK, 3);

    assertThat(bring(other).format()).isEqualTo(DiskFormat.RAW);
  }

  @Test
  void aChildOfADeltaReadsAsTheDeltaAndIsCheckedLikeOne() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base arrived = bring(upgraded);
    Path overlay = overlay(arrived);

    try (VirtualDisk disk = opened(overlay)) {
      byte[] content = new byte[SIZE];
      disk.read(0, ByteBuffer.wrap(content));
      assertThat(Arrays.equals(content, upgraded.content())).isTrue();
    }
    TestHost.scribble(host.cache().find(old.id()).orElseThrow().path(), 0, 1 << 20);

    assertThat(replica(upgraded).state()).isEqualTo(ReplicaState.SUSPECT);
    assertAltered(arrived);
    assertThatThrownBy(() -> opened(overlay)).isInstanceOf(RatoonException.class);
  }

  private Path overlay(Base parent) {
    Path overlay = work.resolve("overlay.qcow2");
    Qcow2Child.create(
        overlay,
        SIZE,
        Optional.of(
            new dev.ratoon.disk.Backing(
                parent.path(), parent.format(), Optional.empty(), Optional.of(parent.id()))),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    return overlay;
  }

  private VirtualDisk opened(Path overlay) {
    return VirtualDisks.open(
        overlay,
        DiskFormat.QCOW2,
        OpenRules.chain(1 + Cache.MOST_FILES, List.of(), host.cache().witness()));
  }

  private void assertAltered(Base base) {
    assertThatThrownBy(() -> host.cache().use(base.id(), base.path()))
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED));
  }

  @Test
  void aGoodCopyOfTheParentMakesADeltaGoodAgain() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base arrived = bring(upgraded);
    TestHost.scribble(host.cache().find(old.id()).orElseThrow().path(), 0, 1 << 20);
    assertAltered(arrived);

    Base _ = bring(old);

    assertHolds(upgraded, arrived);
    assertThat(replica(upgraded).state()).isEqualTo(ReplicaState.READY);
  }

  @Test
  void aDeltaThatWasAlteredGetsAFlatFileBesideIt() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base arrived = bring(upgraded);
    TestHost.scribble(arrived.path(), 0, 1 << 20);
    assertAltered(arrived);

    Base again = bring(upgraded);

    assertThat(again.format()).isEqualTo(DiskFormat.RAW);
    assertHolds(upgraded, again);
    assertThat(arrived.path()).exists();
    host.restart();
    assertThat(host.cache().use(upgraded.id())).isEqualTo(again);
    assertAltered(arrived);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void withoutItsParentADeltaIsSuspect(boolean restarted) throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base arrived = bring(upgraded);
    Path parent = host.cache().find(old.id()).orElseThrow().path();
    ImmutableFlag.clear(parent);
    Files.move(parent, work.resolve("elsewhere"));
    if (restarted) {
      host.restart();
    }

    assertThat(replica(upgraded).state()).isEqualTo(ReplicaState.SUSPECT);
    assertAltered(arrived);
  }

  /** A header that names a file of the host's, or the delta itself, is not followed. */
  @ParameterizedTest
  @ValueSource(strings = {"/etc/passwd", "self"})
  void aDeltaWhoseHeaderNamesAnotherFileIsSuspect(String named) throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base arrived = bring(upgraded);
    ImmutableFlag.clear(arrived.path());
    Files.setPosixFilePermissions(
        arrived.path(), java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    Path parent = named.equals("self") ? arrived.path() : Path.of(named);
    qemu("rebase", "-u", "-F", "raw", "-b", parent.toString(), arrived.path().toString());

    assertAltered(arrived);
    host.restart();
    assertAltered(arrived);
    assertThat(replica(upgraded).state()).isEqualTo(ReplicaState.SUSPECT);
  }

  @Test
  void whatStandsOnTooManyIsFlattenedBesideAndTheNextOneStandsOnThat() throws Exception {
    List<TestBase> versions = new ArrayList<>(List.of(old));
    List<Base> arrived = new ArrayList<>();
    for (int i = 1; i < Cache.MOST_FILES; i++) {
      versions.add(versions.getLast().upgraded(work, SIZE, 60, i));
      arrived.add(bring(versions.getLast()));
      assertThat(arrived.getLast().format()).isEqualTo(DiskFormat.QCOW2);
      assertThat(host.cache().chain(arrived.getLast())).hasSize(i + 1);
    }
    TestBase deepest = versions.getLast();
    Path overlay = overlay(arrived.getLast());

    host.cache().flattenAtTheBound();

    Base flat = host.cache().use(deepest.id());
    assertThat(flat.format()).isEqualTo(DiskFormat.RAW);
    assertHolds(deepest, flat);
    assertHolds(deepest, arrived.getLast());
    opened(overlay).close();
    assertThat(replica(deepest).layout()).isEqualTo(Layout.FLAT);
    TestBase next = deepest.upgraded(work, SIZE, 60, 9);
    assertThat(host.cache().chain(bring(next)))
        .extracting(base -> base.path())
        .containsExactly(host.cache().find(next.id()).orElseThrow().path(), flat.path());
    host.restart();
    assertThat(host.cache().use(deepest.id())).isEqualTo(flat);
    for (int i = 1; i < versions.size(); i++) {
      assertHolds(versions.get(i), arrived.get(i - 1));
    }
  }

  @Test
  void aWholeCopyOfADeltaIsWhole() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base _ = bring(upgraded);
    Path copy = work.resolve("copy.raw");

    long _ = host.cache().copyWhole(upgraded.id(), copy, SIZE, (_, _) -> {});

    assertThat(Arrays.equals(Files.readAllBytes(copy), upgraded.content())).isTrue();
  }

  @Test
  void aRelativeThatChangesWhileADeltaIsMadeOnItFailsTheArrivalAndTheNextOneSucceeds()
      throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    FakeSource peer = host.source("peer", READY_PEER, upgraded);
    Path parent = host.cache().find(old.id()).orElseThrow().path();
    peer.behaving((_, right, reply) -> {
      scribble(parent);
      reply.arrived(ByteBuffer.wrap(right));
    });

    dev.ratoon.model.Problem _ =
        TestHost.assertFails(host.bring(upgraded, peer), ErrorCode.BASE_ALTERED);

    assertThat(host.cache().find(upgraded.id())).isEmpty();
    Base arrived = bring(upgraded);
    assertThat(arrived.format()).isEqualTo(DiskFormat.RAW);
    assertHolds(upgraded, arrived);
  }

  private static void scribble(Path file) {
    try {
      TestHost.scribble(file, 0, SIZE);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void fingerprintsOfADeltaAreComputedFromAllItsFiles() throws Exception {
    TestBase upgraded = old.upgraded(work, SIZE, 100, 2);
    Base _ = bring(upgraded);
    long known = host.cache().fingerprints(upgraded.id()).orElseThrow().fingerprints();
    Path blocks = work.resolve("cache").resolve(upgraded.id() + ".blocks");
    host.arrivals().close();
    ImmutableFlag.clear(blocks);
    Files.delete(blocks);
    host.restart();
    host.cache().computeMissingFingerprints();

    assertThat(host.cache().fingerprints(upgraded.id()).orElseThrow().fingerprints())
        .isEqualTo(known);
  }
}
