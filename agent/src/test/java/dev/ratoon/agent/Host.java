package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.simulated.SimulatedHypervisor;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
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
import dev.ratoon.protocol.agent.DesiredAdoption;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.HostReport;
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
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int GRACE_SECONDS = 1;

  private final Path home;
  private final SimulatedHypervisor hypervisor;
  private final DiskId image;
  private Optional<Cache> cache = Optional.empty();
  private Optional<Agent> agent = Optional.empty();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private final Map<VmId, DesiredVm> wanted = new HashMap<>();
  private final Map<VmId, VmReport> reported = new HashMap<>();
  private final Map<String, DesiredAdoption> adoptions = new HashMap<>();
  private Optional<HostReport> reportedHost = Optional.empty();
  private String incarnation = "one";
  private long revision = 1;
  private long asked;
  private boolean away;

  Host(Path work) throws IOException {
    home = work.resolve("home");
    hypervisor =
        new SimulatedHypervisor(
            new HypervisorFacts(
                "simulated 1",
                4,
                1L << 34,
                List.of("default"),
                List.of(),
                Optional.empty(),
                Accelerator.TCG,
                new FileOwner(0, 0)));
    try (Cache opened = Cache.open(home.resolve("cache"), 2, InstantSource.system());
        Upload upload = opened.beginUpload()) {
      byte[] bytes = new byte[DISK_BYTES / 2];
      new Random(1).nextBytes(bytes);
      upload.channel().write(ByteBuffer.wrap(bytes), 0);
      upload.channel().write(ByteBuffer.wrap(new byte[512]), DISK_BYTES - 512);
      image = opened.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
    }
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    throw Problem.of(ErrorCode.BASE_MISSING, "looking for a base").asException();
  }

  void boot() {
    cache = Optional.of(Cache.open(home.resolve("cache"), 2, InstantSource.system()));
    agent =
        Optional.of(
            Agent.start(
                new AgentConfig(home, Duration.ofMillis(200)),
                hypervisor,
                new Stores(cache.get(), Bases.of(cache.get())),
                this,
                InstantSource.system()));
  }

  /** The agent's process ends; domains run on. */
  void kill() {
    agent.ifPresent(Agent::close);
    cache.ifPresent(Cache::close);
    agent = Optional.empty();
    cache = Optional.empty();
    locked(reported::clear);
  }

  void losePower() {
    hypervisor.losePower();
    kill();
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

  void alterBase() throws IOException {
    Path file = base().path();
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
              v.takeOver()));
    });
  }

  void becomeAnotherFleet() {
    change(() -> {
      incarnation = "another";
      wanted.clear();
      asked = 0;
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
  public Optional<DesiredState> desired(HostId host, long knownRevision, Duration wait)
      throws InterruptedException {
    lock.lock();
    try {
      long left = wait.toNanos();
      while ((away || revision <= knownRevision) && left > 0) {
        left = news.awaitNanos(left);
      }
      asked++;
      news.signalAll();
      return left > 0
          ? Optional.of(
              new DesiredState(
                  incarnation,
                  revision,
                  new ArrayList<>(wanted.values()),
                  new ArrayList<>(adoptions.values())))
          : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void report(HostReport report) {
    locked(() -> {
      reportedHost = Optional.of(report);
      report.vms().forEach(vm -> reported.put(vm.id(), vm));
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
