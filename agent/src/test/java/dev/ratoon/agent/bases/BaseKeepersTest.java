package dev.ratoon.agent.bases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ScrubRules;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bases that are wanted are brought, with patience, and what came of it is said. */
class BaseKeepersTest {
  private static final int DISK_BYTES = 256 << 10;

  @TempDir Path home;
  private volatile Instant now = Instant.now();
  private final InstantSource clock = () -> now;
  private Cache cache;
  private Network network;
  private BaseKeepers keepers;
  private DiskId disk;
  private final BlockingQueue<Boolean> news = new LinkedBlockingQueue<>();

  /** Brings the one base that there is, after what was prepared has gone wrong. */
  private final class Network implements Bases {
    private final Deque<Problem> failures = new ArrayDeque<>();
    private final List<Priority> asked = new CopyOnWriteArrayList<>();
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private volatile boolean stuck;

    @Override
    public Base ready(DiskId id, Priority priority, Progress progress) throws InterruptedException {
      asked.add(priority);
      progress.at(100, 1000);
      try {
        while (stuck) {
          TimeUnit.DAYS.sleep(1);
        }
      } catch (InterruptedException stopped) {
        interrupted.countDown();
        throw stopped;
      }
      synchronized (failures) {
        if (!failures.isEmpty()) {
          throw failures.pop().asException();
        }
      }
      imported();
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

  @BeforeEach
  void start() throws IOException {
    try (Cache elsewhere = Cache.open(home.resolve("elsewhere"), 1, InstantSource.system())) {
      disk = imported(elsewhere);
    }
    cache = Cache.open(home.resolve("cache"), 1, clock);
    network = new Network();
    keepers = keepers(Duration.ofHours(1));
  }

  private BaseKeepers keepers(Duration patience) {
    BaseKeepers made =
        new BaseKeepers(
            new BaseWork(cache, network, id -> id.equals(disk) ? List.of("db", "web") : List.of()),
            clock,
            patience,
            () -> news.add(true));
    cache.onChange(made::cacheChanged);
    return made;
  }

  @AfterEach
  void stop() throws IOException {
    keepers.close();
    cache.close();
    try (Stream<Path> files = Files.walk(home)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  private void imported() {
    DiskId _ = imported(cache);
  }

  private static DiskId imported(Cache cache) {
    byte[] bytes = new byte[DISK_BYTES];
    new Random(7).nextBytes(bytes);
    try (Upload upload = cache.beginUpload()) {
      upload.channel().write(ByteBuffer.wrap(bytes), 0);
      return cache.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private void want(long revision) {
    want(BaseTask.PRECACHE, revision);
  }

  private void want(BaseTask task, long revision) {
    keepers.want(List.of(new DesiredBase(disk, task, revision)), ScrubRules.OFF);
  }

  /** Changes a byte without a trace: the stamp says that the file is as it was. */
  private void rot() throws IOException {
    keepers.close();
    Path file = cache.find(disk).orElseThrow().path();
    Path stamp = cache.root().resolve(disk + ".stamp");
    FileTime modified = Files.getLastModifiedTime(file);
    cache.close();
    boolean immutable = ImmutableFlag.isSet(file);
    ImmutableFlag.clear(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 70_000);
    }
    Files.setLastModifiedTime(file, modified);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    if (immutable) {
      ImmutableFlag.set(file);
    }
    FileTime changed = (FileTime) Files.getAttribute(file, "unix:ctime");
    Files.writeString(
        stamp,
        Files.readString(stamp)
            .replaceFirst("ctime=\\S+", "ctime=" + changed.toInstant())
            .replace("settled=false", "settled=true"));
    Files.setLastModifiedTime(stamp, FileTime.from(clock.instant()));
    cache = Cache.open(home.resolve("cache"), 1, clock);
    assertThat(cache.isReady(disk)).isTrue();
    keepers = keepers(Duration.ofHours(1));
  }

  private BaseReport await(Predicate<BaseReport> condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (true) {
      Optional<BaseReport> found = keepers.reports().stream().filter(condition).findAny();
      if (found.isPresent()) {
        return found.get();
      }
      assertThat(System.nanoTime()).as("%s", keepers.reports()).isLessThan(deadline);
      news.poll(100, TimeUnit.MILLISECONDS);
    }
  }

  private static Problem problem(ErrorCode code) {
    return Problem.of(code, "bringing a base").detail("It is " + code.code() + ".");
  }

  @Test
  void bringsWhatIsMissingWithoutUrgency() throws Exception {
    want(5);
    BaseReport report = await(BaseReport::settled);
    assertThat(report.problem()).isEmpty();
    assertThat(report.revision()).isEqualTo(5);
    assertThat(report.result()).contains("it has come");
    OperationStep step = report.steps().getFirst();
    assertThat(step.name()).isEqualTo("base");
    assertThat(step.bytesTotal()).isEqualTo(1000);
    assertThat(network.asked).containsExactly(Priority.PRECACHE);
    assertThat(cache.isReady(disk)).isTrue();
  }

  @Test
  void doesNothingWhereItIsThere() throws Exception {
    imported();
    want(5);
    assertThat(await(BaseReport::settled).result()).contains("it was there already");
    assertThat(network.asked).isEmpty();
  }

  @Test
  void triesAgainWhatMayPassAndSaysWhatKeepsItWaiting() throws Exception {
    for (int i = 0; i < 2; i++) {
      network.failures.add(problem(ErrorCode.BASE_MISSING));
      network.failures.add(problem(ErrorCode.PEER_UNREACHABLE));
    }
    want(1);
    BaseReport waiting = await(report -> report.problem().isPresent());
    assertThat(waiting.settled()).isFalse();
    assertThat(await(BaseReport::settled).problem()).isEmpty();
    assertThat(network.asked).hasSize(5);
  }

  @Test
  void givesUpWhatDoesNotPassUntilItIsAskedForAnew() throws Exception {
    network.failures.add(problem(ErrorCode.DISK_FULL));
    want(1);
    BaseReport failed = await(BaseReport::settled);
    assertThat(failed.problem().orElseThrow().code()).isEqualTo(ErrorCode.DISK_FULL);
    want(1);
    keepers.cacheChanged();
    want(2);
    BaseReport done = await(report -> report.settled() && report.revision() == 2);
    assertThat(done.problem()).isEmpty();
    assertThat(network.asked).hasSize(2);
  }

  @Test
  void patienceEnds() throws Exception {
    keepers.close();
    keepers = keepers(Duration.ofMinutes(5));
    for (int i = 0; i < 100; i++) {
      network.failures.add(problem(ErrorCode.BASE_MISSING));
    }
    want(1);
    BaseReport waiting = await(report -> report.problem().isPresent());
    assertThat(waiting.settled()).isFalse();
    skip(Duration.ofMinutes(6));
    BaseReport failed = await(BaseReport::settled);
    assertThat(failed.problem().orElseThrow().code()).isEqualTo(ErrorCode.BASE_MISSING);
  }

  @Test
  void whatIsNotWantedAnyMoreIsNotWorkedAtButStays() throws Exception {
    imported();
    want(1);
    await(BaseReport::settled);
    keepers.want(List.of(), ScrubRules.OFF);
    assertThat(keepers.reports()).isEmpty();
    assertThat(cache.isReady(disk)).isTrue();
  }

  @Test
  void anAgentThatEndsMeanwhileGoesOnWhenItIsBack() throws Exception {
    network.stuck = true;
    want(1);
    await(report -> !report.steps().isEmpty());
    keepers.close();
    assertThat(network.interrupted.await(20, TimeUnit.SECONDS)).isTrue();
    network.stuck = false;
    keepers = keepers(Duration.ofHours(1));
    want(1);
    assertThat(await(BaseReport::settled).problem()).isEmpty();
  }

  @Test
  void aSoundBaseIsFoundSound() throws Exception {
    imported();
    want(BaseTask.VERIFY, 1);
    BaseReport report = await(BaseReport::settled);
    assertThat(report.result()).contains("sound");
    assertThat(report.steps()).extracting(OperationStep::name).containsExactly("read");
    assertThat(report.steps().getFirst().bytesDone()).isEqualTo(DISK_BYTES);
    want(BaseTask.SCRUB, 2);
    assertThat(await(r -> r.task() == BaseTask.SCRUB && r.settled()).result()).contains("sound");
    assertThat(network.asked).isEmpty();
  }

  @Test
  void aDamagedBaseIsMendedAndWhoStandsOnItIsNamed() throws Exception {
    imported();
    rot();
    want(BaseTask.VERIFY, 1);
    BaseReport report = await(BaseReport::settled);
    assertThat(report.problem()).isEmpty();
    assertThat(report.result().orElseThrow())
        .contains("a good copy took its place", "One chunk of 64 KiB", "db, web");
    assertThat(report.steps()).extracting(OperationStep::name).containsExactly("read", "mend");
    assertThat(cache.isReady(disk)).isTrue();
    assertThat(network.asked).containsExactly(Priority.PRECACHE);
  }

  @Test
  void aDamagedBaseOfWhichNobodyHasAGoodCopyIsSaidToBeSo() throws Exception {
    imported();
    rot();
    network.failures.add(problem(ErrorCode.BASE_MISSING));
    want(BaseTask.VERIFY, 1);
    BaseReport report = await(BaseReport::settled);
    Problem problem = report.problem().orElseThrow();
    assertThat(problem.code()).isEqualTo(ErrorCode.BASE_ALTERED);
    assertThat(problem.detail())
        .contains("One chunk of 64 KiB", "no good copy", "base-missing", "db, web");
    assertThat(cache.replicas().getFirst().state()).isEqualTo(ReplicaState.SUSPECT);

    // Whoever has it by now mends it, as soon as it is wanted.
    want(BaseTask.PRECACHE, 2);
    await(r -> r.task() == BaseTask.PRECACHE && r.settled());
    assertThat(cache.isReady(disk)).isTrue();
  }

  @Test
  void whatWasNotReadForLongIsReadByItselfAndMended() throws Exception {
    imported();
    BaseWork work = new BaseWork(cache, network, id -> List.of());
    try (Scrubber scrubber = new Scrubber(work, clock, new Semaphore(1))) {
      work.follow(new ScrubRules(30, 1 << 30));
      skip(Duration.ofDays(29));
      scrubber.tend();
      assertThat(verifiedAt()).isBefore(clock.instant());
      skip(Duration.ofDays(2));
      scrubber.tend();
      assertThat(verifiedAt()).isEqualTo(clock.instant());
    }
    skip(Duration.ofDays(31));
    rot();
    skip(Duration.ofDays(31));
    BaseWork later = new BaseWork(cache, network, id -> List.of());
    try (Scrubber scrubber = new Scrubber(later, clock, new Semaphore(1))) {
      scrubber.tend();
      assertThat(cache.isReady(disk)).isTrue();
      assertThat(network.asked).isEmpty();
      later.follow(new ScrubRules(30, 1 << 30));
      network.failures.add(problem(ErrorCode.BASE_MISSING));
      scrubber.tend();
      assertThat(cache.isReady(disk)).isFalse();
      scrubber.tend();
      assertThat(network.asked).hasSize(1);
      skip(Duration.ofHours(2));
      scrubber.tend();
      assertThat(cache.isReady(disk)).isTrue();
    }
  }

  private Instant verifiedAt() {
    return cache.replicas().getFirst().verifiedAt().orElseThrow();
  }

  private void skip(Duration time) {
    now = now.plus(time);
  }

  @Test
  void onlyWhatGotOnIsNews() throws Exception {
    want(1);
    await(BaseReport::settled);
    assertThat(keepers.news()).extracting(BaseReport::settled).containsExactly(true);
    assertThat(keepers.news()).isEmpty();
  }
}
