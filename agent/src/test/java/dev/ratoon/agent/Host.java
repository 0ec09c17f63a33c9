package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.host.HostIdentity;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.share.ShareOpener;
import dev.ratoon.agent.share.SharedFirst;
import dev.ratoon.agent.share.Shares;
import dev.ratoon.agent.simulated.SimulatedHypervisor;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.ArrivalListener;
import dev.ratoon.cache.arrival.ArrivalSettings;
import dev.ratoon.cache.arrival.ArrivalTicket;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptionReport;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredAdoption;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.LayeringReport;
import dev.ratoon.protocol.agent.Lineage;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One host with a real cache in a folder and a simulated hypervisor, and the server that it talks
 * to.
 */
final class Host implements ServerLink, AutoCloseable {
  static final int DISK_BYTES = 4 << 20;
  private static final byte[] PATCH = {1, 2, 3};
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int GRACE_SECONDS = 1;

  private final Path home;
  private final SimulatedHypervisor hypervisor;
  private final Optional<Hypervisor> real;
  private final byte[] content = new byte[DISK_BYTES / 2];
  private DiskId image;
  final JumpingClock clock = new JumpingClock();
  private final SlowBases bases = new SlowBases();
  private Optional<Cache> cache = Optional.empty();
  private Optional<Agent> agent = Optional.empty();
  private Optional<Shares> opened = Optional.empty();
  private List<DesiredShare> shares = List.of();
  private ShareTimes shareTimes = ShareTimes.USUAL;
  private ShareOpener shareOpener = ShareOpener.BY_KIND;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private static final String RUN = "run";

  private final Map<VmId, DesiredVm> wanted = new HashMap<>();
  private DesiredState told = new DesiredState("", 0, List.of());
  private final Map<VmId, VmReport> reported = new HashMap<>();
  private List<DesiredBase> wantedBases = List.of();
  private final Map<DiskId, BaseReport> reportedBases = new HashMap<>();
  private final Map<String, DesiredAdoption> adoptions = new HashMap<>();
  private Optional<HostReport> reportedHost = Optional.empty();
  private String incarnation = "one";
  private long revision = 1;
  private long asked;
  private boolean away;
  private boolean removed;
  private int refusals;
  private Optional<Lineage.Replaced> replaces = Optional.empty();

  Host(Path work) throws IOException {
    home = work.resolve("home");
    hypervisor = simulated();
    real = Optional.empty();
    new Random(1).nextBytes(content);
    image = imported(home.resolve("cache"), content);
  }

  /** A host with a real hypervisor, whose image begins with this. */
  Host(Path work, Hypervisor hypervisor, byte[] begin) throws IOException {
    home = work.resolve("home");
    this.hypervisor = simulated();
    real = Optional.of(hypervisor);
    System.arraycopy(begin, 0, content, 0, begin.length);
    image = imported(home.resolve("cache"), content);
  }

  private static DiskId imported(Path folder, byte[] bytes) throws IOException {
    try (Cache opened = Cache.open(folder, 2, InstantSource.system())) {
      return imported(opened, bytes);
    }
  }

  private static DiskId imported(Cache cache, byte[] bytes) throws IOException {
    try (Upload upload = cache.beginUpload()) {
      upload.channel().write(ByteBuffer.wrap(bytes), 0);
      upload.channel().write(ByteBuffer.wrap(new byte[512]), DISK_BYTES - 512);
      return cache.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
    }
  }

  /**
   * From now on VMs are made on another version of the image, whose base is a delta on the one
   * before. To be called while the agent does not run.
   */
  void upgradeImage(int version) throws IOException {
    System.arraycopy(PATCH, 0, content, version << 16, PATCH.length);
    Path library = home.resolve("library-" + version);
    image = imported(library, content);
    try (Cache from = Cache.open(library, 2, InstantSource.system());
        Cache to = Cache.open(home.resolve("cache"), 2, InstantSource.system());
        Arrivals arrivals = new Arrivals(to, ArrivalSettings.of("test", 2), ArrivalListener.NONE);
        ArrivalTicket ticket =
            arrivals.bring(image, DISK_BYTES, Priority.DEPLOY, List.of(new CacheSource(from)))) {
      assertThat(ticket.result().join().format()).isEqualTo(DiskFormat.QCOW2);
    }
  }

  /** A good copy takes the place of what was altered. */
  void importAgain() throws IOException {
    assertThat(imported(cache.orElseThrow(), content)).isEqualTo(image);
  }

  /** A host that has no base of its own; VMs are to have that of another. */
  Host(Path work, Host other) {
    home = work.resolve("home");
    hypervisor = simulated();
    real = Optional.empty();
    image = other.image;
  }

  private static SimulatedHypervisor simulated() {
    return new SimulatedHypervisor(
        new HypervisorFacts(
            "simulated 1",
            4,
            1L << 34,
            List.of("default"),
            List.of(),
            Optional.empty(),
            Accelerator.TCG,
            new FileOwner(0, 0)));
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    throw Problem.of(ErrorCode.BASE_MISSING, "looking for a base").asException();
  }

  void boot() {
    Cache own = Cache.open(home.resolve("cache"), 2, InstantSource.system());
    Shares used =
        Shares.of(
            own,
            HostIdentity.in(folder(home)).id().toString(),
            home.resolve("shares"),
            shareTimes,
            shareOpener);
    cache = Optional.of(own);
    opened = Optional.of(used);
    agent =
        Optional.of(
            Agent.start(
                new AgentConfig(home, Duration.ofMillis(200)),
                real.orElse(hypervisor),
                new Stores(own, new SharedFirst(own, used, bases.of(own)), used),
                this,
                clock));
  }

  /** The agent's process ends; domains run on. */
  void kill() {
    agent.ifPresent(Agent::close);
    opened.ifPresent(Shares::close);
    cache.ifPresent(Cache::close);
    agent = Optional.empty();
    opened = Optional.empty();
    cache = Optional.empty();
    locked(() -> {
      reported.clear();
      reportedBases.clear();
    });
  }

  /** From now on bases do not come, until they may. */
  SlowBases bases() {
    return bases;
  }

  /** The agent goes first, or it would start again what it sees stopping. */
  void losePower() {
    kill();
    hypervisor.losePower();
  }

  @Override
  public void close() throws IOException {
    kill();
    try (Stream<Path> files = Files.walk(home)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  SimulatedHypervisor hypervisor() {
    return hypervisor;
  }

  Agent agent() {
    return agent.orElseThrow();
  }

  HostFolders folders() {
    return new HostFolders(home);
  }

  Base base() {
    return cache.orElseThrow().find(image).orElseThrow();
  }

  /** What the image begins with; the rest is zeros. */
  byte[] content() {
    return content;
  }

  void flatten() {
    cache.orElseThrow().flatten(image);
  }

  List<Path> chain() {
    return cache.orElseThrow().chain(base()).stream().map(Base::path).toList();
  }

  void alterBase() throws IOException {
    alter(base().path());
  }

  static void alter(Path file) throws IOException {
    ImmutableFlag.clear(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap("altered".getBytes(StandardCharsets.UTF_8)), 4096);
    }
  }

  VmId deploy(String name) {
    DesiredVm vm = vm(name, DesiredPower.RUNNING, RestartPolicy.ON_FAILURE, true);
    want(vm);
    return vm.id();
  }

  DesiredVm vm(String name, DesiredPower power, RestartPolicy restart, boolean differencing) {
    return new DesiredVm(
        new VmId(UUID.randomUUID()),
        "default",
        new EntityName(name),
        1,
        power,
        1,
        GRACE_SECONDS,
        1,
        1 << 28,
        Firmware.BIOS,
        restart,
        List.of(new DesiredDisk(Optional.of(image), DISK_BYTES, differencing)),
        List.of(new DesiredNic(new NetworkAttachment.User(), "52:54:00:00:00:01")),
        CloudInit.NONE);
  }

  void want(DesiredVm... vms) {
    change(() -> {
      for (DesiredVm vm : vms) {
        wanted.put(vm.id(), vm);
      }
    });
  }

  /** Wants its image beforehand, whatever its VMs need. */
  void wantBase() {
    change(() -> wantedBases = List.of(new DesiredBase(image, BaseTask.PRECACHE, revision + 1)));
  }

  /** Asks something for its image, and waits until it is done or given up. */
  BaseReport askedOfBase(BaseTask task) {
    change(() -> wantedBases = List.of(new DesiredBase(image, task, revision + 1)));
    long asked = wantedBases.getFirst().revision();
    await(
        () ->
            Optional.ofNullable(reportedBases.get(image))
                .filter(report -> report.settled() && report.revision() == asked)
                .isPresent(),
        () -> "a report of the base, but " + reportedBases);
    return Objects.requireNonNull(reportedBases.get(image));
  }

  BaseReport awaitBase() {
    await(
        () -> Optional.ofNullable(reportedBases.get(image)).filter(BaseReport::settled).isPresent(),
        () -> "a report of the base, but " + reportedBases);
    return Objects.requireNonNull(reportedBases.get(image));
  }

  /** To be said before the host boots. */
  void shareFiles(ShareTimes times, ShareOpener opener) {
    shareTimes = times;
    shareOpener = opener;
  }

  void wantShares(DesiredShare... wanted) {
    change(() -> shares = List.of(wanted));
  }

  DiskId image() {
    return image;
  }

  void adopt(Path path, Wish wish) {
    change(() -> {
      String text = path.toString();
      adoptions.put(text, new DesiredAdoption(text, revision + 1, wish));
    });
  }

  /** Waits until the host has done what was last asked of this path. */
  AdoptionReport awaitAdopted(Path path) {
    String text = path.toString();
    awaitHost(report -> found(report, text).filter(AdoptionReport::settled).isPresent());
    return found(reportedHost.orElseThrow(), text).orElseThrow();
  }

  AdoptedDisk awaitDisk(Path path, Path file, AdoptedDisk.State state) {
    awaitHost(report -> disk(report, path, file).filter(d -> d.state() == state).isPresent());
    return disk(reportedHost.orElseThrow(), path, file).orElseThrow();
  }

  private Optional<AdoptedDisk> disk(HostReport report, Path path, Path file) {
    return found(report, path.toString()).stream()
        .flatMap(adoption -> adoption.disks().stream())
        .filter(disk -> disk.path().equals(file.toString()))
        .findFirst();
  }

  private Optional<AdoptionReport> found(HostReport report, String path) {
    DesiredAdoption wish = Objects.requireNonNull(adoptions.get(path));
    return report.adopted().stream()
        .flatMap(adopted -> adopted.adoptions().stream())
        .filter(each -> each.path().equals(path) && each.revision() == wish.revision())
        .findFirst();
  }

  HostReport lastReport() {
    return reportedHost.orElseThrow();
  }

  private static Path folder(Path home) throws UncheckedIOException {
    try {
      return Files.createDirectories(Agent.folder(home));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Cache cache() {
    return cache.orElseThrow();
  }

  void wantNothing() {
    change(wanted::clear);
  }

  void power(VmId id, DesiredPower power) {
    change(() -> {
      DesiredVm v = wanted(id);
      wanted.put(
          id,
          new DesiredVm(
              v.id(),
              v.tenant(),
              v.name(),
              v.epoch(),
              power,
              v.powerRevision() + 1,
              v.stopGraceSeconds(),
              v.cpus(),
              v.memoryBytes(),
              v.firmware(),
              v.restart(),
              v.disks(),
              v.nics(),
              v.cloudInit(),
              v.takeOver(),
              v.layering(),
              v.variables()));
    });
  }

  /** Asks for something to be done to the VM's disks, and returns by which number. */
  long layer(VmId id, LayerTask task, DesiredDisk... disks) {
    change(() -> {
      DesiredVm v = wanted(id);
      wanted.put(
          id,
          new DesiredVm(
              v.id(),
              v.tenant(),
              v.name(),
              v.epoch(),
              v.power(),
              v.powerRevision(),
              v.stopGraceSeconds(),
              v.cpus(),
              v.memoryBytes(),
              v.firmware(),
              v.restart(),
              v.disks(),
              v.nics(),
              v.cloudInit(),
              v.takeOver(),
              Optional.of(
                  new DesiredLayering(
                      v.layering().map(DesiredLayering::revision).orElse(0L) + 1,
                      task,
                      true,
                      List.of(disks),
                      Optional.empty(),
                      Optional.empty())),
              v.variables()));
    });
    return wanted(id).layering().orElseThrow().revision();
  }

  /** Waits until what was last asked for the VM's disks is done or given up. */
  LayeringReport awaitLayering(VmId id) {
    long asked = wanted(id).layering().orElseThrow().revision();
    return awaitReport(
            id, r -> r.layering().filter(l -> l.settled() && l.revision() == asked).isPresent())
        .layering()
        .orElseThrow();
  }

  void becomeAnotherFleet() {
    change(() -> {
      incarnation = "another";
      wanted.clear();
      asked = 0;
    });
  }

  /** The server's database is that of long ago, which knows these VMs alone. */
  void beRestored(DesiredVm... vms) {
    locked(() -> {
      wanted.clear();
      for (DesiredVm vm : vms) {
        wanted.put(vm.id(), vm);
      }
      asked = 0;
      revision = 1;
      news.signalAll();
    });
  }

  /** An operator lets the host follow the server's database, whatever it has seen. */
  void follow() {
    locked(() -> {
      HostReport report = reportedHost.orElseThrow();
      long seen = report.findings().orElseThrow().newestRevision();
      replaces = Optional.of(new Lineage.Replaced(report.incarnation(), seen));
      revision = Math.max(revision, seen) + 1;
      news.signalAll();
    });
  }

  void awaitRefusals(int times) {
    await(() -> refusals >= times, () -> "refused " + refusals + " times");
  }

  /** The newest revision of what the host shall be. */
  long revision() {
    return revision;
  }

  /** The server lets the host in no more. */
  void remove() {
    locked(() -> {
      removed = true;
      news.signalAll();
    });
  }

  void serverIsAway(boolean isAway) {
    change(() -> away = isAway);
  }

  /** Waits until the host has done what was last asked of the VM, and checks what came of it. */
  VmReport await(VmId id, VmState state) {
    VmReport report =
        awaitReport(id, r -> r.settled() && r.powerRevision() == wanted(id).powerRevision());
    assertThat(report.state()).as("state, with problem %s", report.problem()).isEqualTo(state);
    return report;
  }

  void awaitUnsettled(VmId id, ErrorCode code) {
    awaitReport(id, r -> !r.settled() && r.problem().filter(p -> p.code() == code).isPresent());
  }

  VmReport awaitReport(VmId id, Predicate<VmReport> wish) {
    await(
        () -> Optional.ofNullable(reported.get(id)).filter(wish).isPresent(),
        () -> "report of " + id + ": " + reported.get(id));
    return Objects.requireNonNull(reported.get(id));
  }

  private DesiredVm wanted(VmId id) {
    return Objects.requireNonNull(wanted.get(id));
  }

  void awaitHost(Predicate<HostReport> wish) {
    await(() -> reportedHost.filter(wish).isPresent(), () -> "host " + reportedHost);
  }

  void awaitDomains(VmId... ids) {
    Set<VmId> expected = Set.of(ids);
    await(
        () ->
            hypervisor.domains().stream()
                .map(d -> d.id())
                .collect(Collectors.toSet())
                .equals(expected),
        () -> "domains " + hypervisor.domains());
  }

  /** Waits until the agent has been given a desired state, did not take it up, and asked again. */
  void awaitRefusal() {
    await(() -> asked >= 2, () -> "asked " + asked + " times");
  }

  @Override
  public Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    lock.lock();
    try {
      long left = wait.toNanos();
      while (!removed && (away || revision <= known.revision()) && left > 0) {
        left = news.awaitNanos(left);
      }
      if (removed) {
        refusals++;
        throw Problem.of(ErrorCode.FORBIDDEN, "asking").asException();
      }
      asked++;
      news.signalAll();
      return !away && revision > known.revision() ? Optional.of(told(known)) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** All, or what has changed since the agent was told last, as a server does. */
  private DesiredState told(Known known) {
    boolean changes =
        replaces.isEmpty()
            && known.equals(new Known(told.revision(), incarnation, RUN))
            && told.incarnation().equals(incarnation);
    Set<DesiredVm> same =
        told.vms().stream()
            .filter(vm -> vm.power() != DesiredPower.PURGED)
            .collect(Collectors.toSet());
    DesiredState all =
        new DesiredState(
            incarnation,
            revision,
            List.copyOf(wanted.values()),
            wantedBases,
            Optional.empty(),
            Optional.of(new Lineage(RUN, replaces)),
            Optional.empty(),
            shares,
            new ArrayList<>(adoptions.values()),
            List.of(),
            Optional.empty());
    boolean noneLeft =
        told.vms().stream()
            .filter(vm -> vm.power() != DesiredPower.PURGED)
            .allMatch(vm -> wanted.containsKey(vm.id()));
    told = all;
    return changes && noneLeft ? changed(all, same, known.revision()) : all;
  }

  private static DesiredState changed(DesiredState all, Set<DesiredVm> same, long since) {
    return new DesiredState(
        all.incarnation(),
        all.revision(),
        all.vms().stream().filter(vm -> !same.contains(vm)).toList(),
        all.bases(),
        all.scrub(),
        all.lineage(),
        all.limits(),
        all.shares(),
        all.adoptions(),
        all.moves(),
        Optional.of(since));
  }

  @Override
  public void report(HostReport report) {
    locked(() -> {
      if (removed) {
        throw Problem.of(ErrorCode.FORBIDDEN, "reporting").asException();
      }
      reportedHost = Optional.of(report);
      report.vms().forEach(vm -> reported.put(vm.id(), vm));
      report.bases().forEach(base -> reportedBases.put(base.diskId(), base));
      news.signalAll();
    });
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    locked(() -> {
      changed.forEach(vm -> reported.put(vm.id(), vm));
      news.signalAll();
    });
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    locked(() -> {
      changed.forEach(base -> reportedBases.put(base.diskId(), base));
      news.signalAll();
    });
  }

  static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), said).isZero();
  }

  private void change(Runnable change) {
    locked(() -> {
      change.run();
      revision++;
      news.signalAll();
    });
  }

  private void locked(Runnable work) {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  private void await(BooleanSupplier condition, Supplier<String> what) {
    lock.lock();
    try {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!condition.getAsBoolean()) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError("Not within " + PATIENCE + ": " + what.get());
        }
        news.await(20, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      throw new UncheckedIOException(new IOException(e));
    } finally {
      lock.unlock();
    }
  }
}
