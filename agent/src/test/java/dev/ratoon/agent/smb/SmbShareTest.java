package dev.ratoon.agent.smb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ratoon.agent.share.ShareOpener;
import dev.ratoon.agent.share.Shares;
import dev.ratoon.agent.share.Withdrawals;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.ArrivalListener;
import dev.ratoon.cache.arrival.ArrivalSettings;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.agent.WithdrawalReport;
import dev.ratoon.protocol.agent.WithdrawalReport.State;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two hosts, and a share on a real Samba server that neither has mounted. */
class SmbShareTest {
  private static final int DISK_BYTES = 32 << 20;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(5), Duration.ofMillis(200), Duration.ofSeconds(10), Duration.ZERO);

  @TempDir Path work;
  private PrivateSmbd smbd;
  private Cache ofFirst;
  private Cache ofSecond;
  private Shares first;
  private Shares second;
  private Withdrawals ofFirstLeaving;
  private Withdrawals ofSecondLeaving;
  private Arrivals arrivals;
  private DiskId base;

  @BeforeEach
  void start() throws Exception {
    assumeThat(PrivateSmbd.isInstalled()).as("Debian's package samba is installed").isTrue();
    smbd = PrivateSmbd.start(work, "server smb encrypt = required");
    ofFirst = Cache.open(work.resolve("first"), 2, InstantSource.system());
    ofSecond = Cache.open(work.resolve("second"), 2, InstantSource.system());
    try (Upload upload = ofFirst.beginUpload()) {
      byte[] bytes = new byte[DISK_BYTES / 2];
      new Random(7).nextBytes(bytes);
      upload.channel().write(ByteBuffer.wrap(bytes), DISK_BYTES / 4);
      upload.channel().write(ByteBuffer.wrap(new byte[512]), DISK_BYTES - 512);
      base = ofFirst.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
    }
    first = shares(ofFirst, "first");
    second = shares(ofSecond, "second");
    ofFirstLeaving = new Withdrawals(first, _ -> Optional.empty());
    ofSecondLeaving = new Withdrawals(second, _ -> Optional.empty());
    arrivals =
        new Arrivals(
            ofSecond,
            new ArrivalSettings("second", 2, 64, Duration.ofSeconds(10), NanoClock.system(), 1),
            ArrivalListener.NONE);
  }

  private Shares shares(Cache cache, String host) {
    return Shares.of(
        cache,
        UUID.nameUUIDFromBytes(host.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toString(),
        work.resolve("memory-" + host),
        TIMES,
        ShareOpener.BY_KIND);
  }

  @AfterEach
  void stop() throws Exception {
    if (smbd == null) {
      return;
    }
    smbd.close();
    arrivals.close();
    ofFirstLeaving.close();
    ofSecondLeaving.close();
    first.close();
    second.close();
    ofFirst.close();
    ofSecond.close();
    try (Stream<Path> files = Files.walk(work)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  private DesiredShare wanted(Optional<String> marker, DiskId... fill) {
    return new DesiredShare(
        new EntityName("smb-cache"),
        ShareKind.SMB,
        smbd.location().toString(),
        Optional.of(smbd.credentials()),
        marker,
        true,
        List.of(fill));
  }

  private static ShareReport report(Shares shares) {
    return shares.reports().getFirst();
  }

  private void connect(DiskId... fill) {
    first.want(List.of(wanted(Optional.empty())));
    await(() -> report(first).marker().isPresent());
    Optional<String> marker = report(first).marker();
    first.want(List.of(wanted(marker, fill)));
    second.want(List.of(wanted(marker)));
    await(() -> report(second).state() == ShareState.READY);
  }

  /** Tells both that the base is about to leave, and the second perhaps to remove it. */
  private void leaves(int step, boolean remove) {
    leaves(first, ofFirstLeaving, step, false);
    leaves(second, ofSecondLeaving, step, remove);
  }

  private void leaves(Shares shares, Withdrawals leaving, int step, boolean remove) {
    DesiredShare plain = wanted(report(shares).marker());
    List<DesiredShare> told =
        List.of(
            new DesiredShare(
                plain.name(),
                plain.kind(),
                plain.location(),
                plain.credentials(),
                plain.marker(),
                plain.mayPrepare(),
                List.of(),
                List.of(new Withdrawal(base, "order", step, remove))));
    shares.want(told);
    leaving.want(told);
  }

  private static Optional<State> answer(Shares shares, int step) {
    return report(shares).leaving().stream()
        .filter(said -> said.step() == step)
        .map(WithdrawalReport::state)
        .findFirst();
  }

  private void promised(int step) {
    await(() -> answer(first, step).isPresent() && answer(second, step).isPresent());
    assertThat(answer(first, step)).hasValue(State.FREE);
    assertThat(answer(second, step)).hasValue(State.FREE);
  }

  private boolean secondHasIt() {
    return !second.sources(base).isEmpty();
  }

  private Base bring() {
    return arrivals.bring(base, DISK_BYTES, Priority.DEPLOY, second.sources(base)).result().join();
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("not in time").isLessThan(deadline);
      LockSupport.parkNanos(5_000_000);
    }
  }

  private Path content() {
    return smbd.folder.resolve(base + ".flat.raw");
  }

  @Test
  void whatOneHostPutsThereTheOtherFetches() throws IOException {
    connect(base);
    await(this::secondHasIt);
    Base brought = bring();
    assertThat(Files.mismatch(brought.path(), ofFirst.find(base).orElseThrow().path()))
        .isEqualTo(-1);
    assertThat(second.replicas()).as("nothing stands on it where it lies").isEmpty();
    assertThat(report(second).bases())
        .singleElement()
        .satisfies(there -> {
          assertThat(there.state()).isEqualTo(ReplicaState.READY);
          assertThat(there.sizeBytes()).isEqualTo(DISK_BYTES);
        });
    try (Stream<Path> incoming = Files.list(smbd.folder.resolve("incoming"))) {
      assertThat(incoming).isEmpty();
    }
  }

  @Test
  void whatWasAlteredThereDoesNotArrive() throws IOException {
    connect(base);
    await(this::secondHasIt);
    try (FileChannel file = FileChannel.open(content(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), DISK_BYTES / 2);
    }
    assertThatThrownBy(this::bring).hasMessageContaining("share smb-cache");
    assertThat(ofSecond.find(base)).isEmpty();
  }

  @Test
  void aServerThatStopsAnsweringIsSaidAndIsUsedAgainWhenItAnswers() throws Exception {
    connect();
    smbd.freeze(true);
    await(() -> report(second).state() != ShareState.READY);
    assertThat(report(second).problem()).isPresent();
    assertThat(second.sources(base)).isEmpty();
    smbd.freeze(false);
    await(() -> report(second).state() == ShareState.READY);
  }

  @Test
  void aServerThatIsKilledWhileItIsFilledIsFilledWhenItIsBack() throws Exception {
    connect(base);
    await(() -> report(first).bases().stream().anyMatch(b -> b.percent() > 20));
    smbd.kill();
    await(() -> report(first).state() != ShareState.READY);
    assertThat(ofFirst.use(base).sizeBytes()).isEqualTo(DISK_BYTES);
    smbd.startAgain();
    await(this::secondHasIt);
    assertThat(Files.mismatch(content(), ofFirst.find(base).orElseThrow().path())).isEqualTo(-1);
    Base _ = bring();
  }

  @Test
  void whatNobodyNeedsLeavesAndMayComeAgain() throws IOException {
    connect(base);
    await(this::secondHasIt);
    leaves(1, false);
    promised(1);
    assertThat(second.sources(base)).as("nobody begins to fetch it").isEmpty();
    assertThat(content()).exists();

    leaves(2, true);

    await(() -> answer(second, 2).isPresent());
    assertThat(answer(second, 2)).hasValue(State.REMOVED);
    try (Stream<Path> left = Files.walk(smbd.folder)) {
      assertThat(left.map(file -> String.valueOf(file.getFileName())))
          .noneMatch(name -> name.contains(base.toString()));
    }
    await(() -> report(first).bases().isEmpty() && report(second).bases().isEmpty());
    first.want(List.of(wanted(report(first).marker(), base)));
    second.want(List.of(wanted(report(second).marker())));
    await(this::secondHasIt);
    assertThat(Files.mismatch(content(), ofFirst.find(base).orElseThrow().path())).isEqualTo(-1);
  }

  @Test
  void aServerThatIsKilledWhileABaseLeavesLeavesItWholeOrGone() throws Exception {
    connect(base);
    await(this::secondHasIt);
    leaves(1, false);
    promised(1);
    smbd.freeze(true);
    leaves(2, true);
    await(() -> report(second).state() != ShareState.READY);
    assertThat(answer(second, 2)).as("nobody knows").isEmpty();

    smbd.kill();
    smbd.startAgain();

    await(() -> answer(second, 2).isPresent());
    assertThat(answer(second, 2)).hasValue(State.REMOVED);
    assertThat(content()).doesNotExist();
  }

  @Test
  void whatTheServerRefusesToDeleteStaysUntilItDoesNot() throws Exception {
    connect(base);
    await(this::secondHasIt);
    leaves(1, false);
    promised(1);
    ImmutableFlag.set(content());
    leaves(2, true);
    await(() -> answer(second, 2).isPresent());
    assertThat(answer(second, 2)).hasValue(State.NEEDED);
    assertThat(content()).exists();
    ImmutableFlag.clear(content());

    leaves(3, true);

    await(() -> answer(second, 3).isPresent());
    assertThat(answer(second, 3)).hasValue(State.REMOVED);
    assertThat(content()).doesNotExist();
  }
}
