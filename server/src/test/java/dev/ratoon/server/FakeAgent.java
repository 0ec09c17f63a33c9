package dev.ratoon.server;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.LayeringReport;
import dev.ratoon.protocol.agent.Lineage;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.agent.VmReport;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * An agent whose host obeys at once, in memory; what it does not take up waits for a later call.
 */
final class FakeAgent implements AgentLink {
  static final long GIB = 1L << 30;

  final HostId host = new HostId(UUID.randomUUID());
  final Map<VmId, DesiredVm> vms = new ConcurrentHashMap<>();
  final List<DiskId> bases = new ArrayList<>();
  volatile List<ShareReport> shares = List.of();
  volatile List<ReplicaReport> replicas = List.of();
  final AtomicInteger openStreams = new AtomicInteger();
  volatile Optional<String> suspicion = Optional.empty();
  volatile Optional<String> missing = Optional.empty();
  volatile Function<DiskId, Optional<String>> parents = id -> Optional.of("/cache/" + id);
  volatile Predicate<DesiredVm> fails = vm -> false;

  /** What it says of what is asked for the disks of VMs. */
  volatile Function<DesiredLayering, Optional<LayeringReport>> layering = wish -> Optional.empty();

  /** How far it is with each base disk that is wanted. */
  volatile Function<DesiredBase, BaseReport> working = FakeAgent::done;

  Optional<String> chunkAddress = Optional.empty();
  final List<Findings.Stray> strays = new ArrayList<>();
  Optional<TransferReport> transfers = Optional.empty();
  long memoryBytes = 64 * GIB;

  /** The types of machine that it has. */
  List<String> machines = List.of();

  /** Where disks of its VMs may lie. */
  List<String> diskFolders = List.of();

  /** That of its VMs. */
  Optional<String> machine = Optional.empty();

  long diskFreeBytes = 500 * GIB;
  private final String name;

  /** What it says that it has adopted. */
  Optional<AdoptedReport> adopted = Optional.empty();

  private ServerLink server;
  private DesiredState last = new DesiredState("", 0, List.of());

  FakeAgent(String name, ServerLink server) {
    this.name = name;
    this.server = server;
    report();
  }

  static FakeAgent on(TestServer server) {
    FakeAgent agent = new FakeAgent("host-1", server.server.link());
    server.server.attach(agent.host, agent);
    return agent;
  }

  void connect(TestServer restarted) {
    server = restarted.server.link();
    restarted.server.attach(host, this);
    report();
  }

  /** Takes up what is newly desired, if anything is, and reports that it has been done. */
  Optional<DesiredState> obey() throws InterruptedException {
    Optional<DesiredState> desired = look(Duration.ofSeconds(5));
    desired.ifPresent(this::obey);
    return desired;
  }

  /** All that is newly desired, without doing anything about it. */
  Optional<DesiredState> look(Duration wait) throws InterruptedException {
    Optional<DesiredState> told = server.desired(host, Known.of(last), wait);
    Optional<DesiredState> whole = told.flatMap(newer -> newer.onto(last));
    return told.isPresent() && whole.isEmpty()
        ? server.desired(host, Known.whole(last.revision()), wait)
        : whole;
  }

  private void obey(DesiredState desired) {
    last = desired;
    for (DesiredVm vm : desired.vms()) {
      if (vm.power() == DesiredPower.PURGED) {
        vms.remove(vm.id());
      } else {
        vms.put(vm.id(), vm);
      }
    }
    server.report(host, vms.values().stream().map(this::settled).toList());
    report();
  }

  /** Says how the whole host is. */
  void report() {
    server.report(
        new HostReport(
            host,
            new EntityName(name),
            last.incarnation(),
            last.revision(),
            new HostFacts(
                8,
                memoryBytes,
                1000 * GIB,
                diskFreeBytes,
                "tcg",
                "fake 1",
                List.of("default"),
                List.of("br0"),
                true,
                List.of(),
                Optional.of("x86_64"),
                Optional.of(2),
                Optional.of("/cache"),
                machines,
                diskFolders),
            Optional.empty(),
            Stream.concat(
                    bases.stream()
                        .map(id ->
                            new ReplicaReport(
                                id,
                                Layout.FLAT,
                                ReplicaState.READY,
                                "/cache/" + id,
                                GIB,
                                1 << 20,
                                100,
                                Optional.empty(),
                                "")),
                    replicas.stream())
                .toList(),
            vms.values().stream().map(this::settled).toList(),
            List.of(),
            chunkAddress,
            last.bases().stream().map(working).toList(),
            transfers,
            Optional.of(
                new Findings(
                    last.revision(),
                    last.lineage().map(Lineage::run),
                    strays,
                    List.of(),
                    List.of(),
                    0)),
            shares,
            adopted));
  }

  /** Says how far it is with what is wanted of base disks. */
  void reportBases() {
    server.reportBases(host, last.bases().stream().map(working).toList());
  }

  static BaseReport done(DesiredBase wish) {
    return new BaseReport(
        wish.diskId(),
        wish.task(),
        wish.revision(),
        true,
        List.of(),
        Optional.empty(),
        Optional.of("it has come"));
  }

  static BaseReport waiting(DesiredBase wish, long doneBytes, Optional<Problem> problem) {
    OperationStep step = OperationStep.waiting("base").begin(Instant.ofEpochSecond(1_800_000_000));
    return new BaseReport(
        wish.diskId(),
        wish.task(),
        wish.revision(),
        false,
        List.of(step.progress(doneBytes, GIB)),
        problem,
        Optional.empty());
  }

  static BaseReport failed(DesiredBase wish) {
    return new BaseReport(
        wish.diskId(),
        wish.task(),
        wish.revision(),
        true,
        List.of(),
        Optional.of(Problem.of(ErrorCode.DISK_FULL, "making room").detail("It is full.")),
        Optional.empty());
  }

  /** Of a host that has nothing yet. */
  static HostReport emptyReport(HostId host, String name) {
    return emptyReport(host, name, List.of());
  }

  /** Of a host that has base disks and nothing else. */
  static HostReport emptyReport(HostId host, String name, List<ReplicaReport> replicas) {
    return new HostReport(
        host,
        new EntityName(name),
        "",
        0,
        new HostFacts(
            8,
            64 * GIB,
            1000 * GIB,
            500 * GIB,
            "tcg",
            "fake 1",
            List.of(),
            List.of(),
            true,
            List.of()),
        Optional.empty(),
        replicas,
        List.of(),
        List.of(),
        Optional.of("10.0.0.2:7801"),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty());
  }

  VmReport settled(DesiredVm vm) {
    boolean failed = fails.test(vm);
    VmState state =
        failed
            ? VmState.FAILED
            : switch (vm.power()) {
              case RUNNING -> VmState.RUNNING;
              case PAUSED -> VmState.PAUSED;
              case STOPPED -> VmState.STOPPED;
              case TRASHED, PURGED -> VmState.TRASHED;
            };
    Optional<Problem> problem =
        failed
            ? Optional.of(
                Problem.of(ErrorCode.HYPERVISOR_REFUSED, "starting " + vm.name()).detail("No."))
            : Optional.empty();
    Instant now = Instant.ofEpochSecond(1_800_000_000);
    return report(
        vm,
        true,
        state,
        List.of(OperationStep.waiting("overlay").begin(now).end(StepState.DONE, now)),
        problem);
  }

  VmReport report(
      DesiredVm vm,
      boolean settled,
      VmState state,
      List<OperationStep> steps,
      Optional<Problem> problem) {
    return new VmReport(
        vm.id(),
        vm.epoch(),
        vm.powerRevision(),
        settled,
        state,
        steps,
        problem,
        vm.disks().stream()
            .map(disk ->
                new DiskReport(
                    "/vms/" + vm.id() + "/disk-0.qcow2",
                    disk.base(),
                    disk.base().flatMap(parents),
                    disk.sizeBytes(),
                    196_608,
                    0,
                    suspicion,
                    missing))
            .toList(),
        Optional.empty(),
        Optional.of(2222),
        Optional.of(Instant.ofEpochSecond(1_800_000_000)),
        Optional.empty(),
        0,
        vm.layering().flatMap(layering),
        machine);
  }

  @Override
  public ConsoleText console(VmId vm, long offset, Duration wait) {
    byte[] text = "login: ".getBytes(StandardCharsets.UTF_8);
    int from = (int) Math.min(text.length, Math.max(0, offset));
    return new ConsoleText(Arrays.copyOfRange(text, from, text.length), text.length);
  }

  /** Says what was asked for, in place of a stream. */
  @Override
  public DiskStream disk(VmId vm, int disk, DiskPart part, boolean packed) {
    DesiredVm known = Objects.requireNonNull(vms.get(vm));
    if (known.power() == DesiredPower.RUNNING) {
      throw Problem.of(ErrorCode.WRONG_STATE, "exporting disk " + disk + " of " + known.name())
          .detail("The VM runs.")
          .asException();
    }
    String said = known.name() + " " + disk + " " + part + (packed ? " packed" : "");
    openStreams.incrementAndGet();
    return new DiskStream() {
      @Override
      public void writeTo(OutputStream target) throws IOException {
        target.write(said.getBytes(StandardCharsets.UTF_8));
      }

      @Override
      public void close() {
        openStreams.decrementAndGet();
      }
    };
  }
}
