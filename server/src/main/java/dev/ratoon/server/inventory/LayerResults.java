package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.LayeringReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.store.VmRow.ImageWish;
import dev.ratoon.server.store.VmRow.Layering;
import dev.ratoon.server.store.VmRow.Snapshot;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Folds what hosts say of the layers of VMs' disks, in the transaction of their report: the VM's
 * row follows what the host says its disks stand on, and what was to be made of frozen disks is
 * made. So a server that is killed has done all of it or none, and hears of it again.
 */
final class LayerResults {
  private final Hosts hosts;
  private final KnownVms known;
  private final Operations operations;
  private final Revisions revisions;
  private final Deploys deploys;
  private final InstantSource clock;

  LayerResults(
      Hosts hosts,
      KnownVms known,
      Operations operations,
      Revisions revisions,
      Deploys deploys,
      InstantSource clock) {
    this.hosts = hosts;
    this.known = known;
    this.operations = operations;
    this.revisions = revisions;
    this.deploys = deploys;
    this.clock = clock;
  }

  /**
   * An answer is left for later while another operation of the VM is under way: only after that one
   * it is known whose answer it is, see {@link #deployed}.
   *
   * @param running what is under way on the VM
   * @return the VM as it is after that
   */
  VmRow fold(Transaction tx, VmRow vm, VmReport report, Optional<OperationRow> running) {
    Optional<Layering> wanted = vm.spec().layering();
    Optional<LayeringReport> answer =
        report
            .layering()
            .filter(said -> wanted.filter(w -> w.wish().revision() == said.revision()).isPresent());
    if (answer.isEmpty() || running.filter(row -> !row.view().kind().isLayering()).isPresent()) {
      return vm;
    }
    if (!answer.get().settled()) {
      running.ifPresent(
          row -> tx.afterCommit(() -> operations.progress(row.view().id(), answer.get().steps())));
      return vm;
    }
    VmRow standing = follow(tx, vm, answer.get());
    return running.isEmpty()
        ? standing
        : end(
            new Ended(
                tx,
                vm,
                standing,
                running.get().withSteps(answer.get().steps()),
                answer.get(),
                report),
            wanted.get());
  }

  /**
   * Something that was done to a VM's disks.
   *
   * @param before the VM as it was
   * @param standing the VM as it is now
   */
  private record Ended(
      Transaction tx,
      VmRow before,
      VmRow standing,
      OperationRow operation,
      LayeringReport answer,
      VmReport report) {}

  private VmRow end(Ended ended, Layering wanted) {
    Optional<Problem> problem = ended.answer().problem();
    if (problem.isPresent()) {
      operations.fail(ended.tx(), ended.operation(), problem.get());
      return ended.standing();
    }
    try {
      if (wanted.snapshot().isPresent()) {
        return remember(ended, wanted.snapshot().get());
      }
      String result =
          wanted.image().isPresent()
              ? name(ended, wanted.image().get())
              : wanted.clones().isPresent()
                  ? clone(ended, wanted.clones().get())
                  : switch (wanted.wish().task()) {
                    case MOVE -> places(ended.report());
                    case MOVE_FILE -> files(ended.report());
                    case FREEZE, RENEW, RENEW_UNWRITTEN, REBASE, FLATTEN -> words(ended.answer());
                  };
      operations.succeed(ended.tx(), ended.operation(), result);
      return wanted.source().isPresent() ? called(ended, wanted.source().get()) : ended.standing();
    } catch (RatoonException refused) {
      operations.fail(ended.tx(), ended.operation(), refused.problem());
      return ended.standing();
    }
  }

  private static String files(VmReport report) {
    return "its disks are "
        + report.disks().stream().map(DiskReport::path).collect(Collectors.joining(", "));
  }

  private static String places(VmReport report) {
    return "its disks stand on "
        + report.disks().stream()
            .map(disk -> disk.basePath().orElse("nothing"))
            .collect(Collectors.joining(", "));
  }

  private static String words(LayeringReport answer) {
    return answer.disks().stream().allMatch(disk -> disk.base().isEmpty())
        ? "its disks stand alone"
        : "its disks stand on "
            + answer.disks().stream()
                .map(disk -> disk.base().map(DiskId::shortForm).orElse("nothing"))
                .collect(Collectors.joining(", "));
  }

  private VmRow remember(Ended ended, EntityName name) {
    LayeringReport answer = ended.answer();
    VmRow vm = ended.standing();
    List<Snapshot> snapshots = new ArrayList<>(vm.spec().snapshots());
    snapshots.add(
        new Snapshot(
            name,
            answer.frozenAt().orElseGet(clock::instant),
            answer.quiesced(),
            answer.disks(),
            answer.variables()));
    VmRow remembering = vm.madeOf(vm.spec().withSnapshots(snapshots), vm.desiredRevision());
    known.respec(ended.tx(), remembering);
    operations.succeed(
        ended.tx(),
        ended.operation(),
        answer.quiesced()
            ? "its state is remembered; its file systems were at rest"
            : "its state is remembered as a power loss would have left it");
    return remembering;
  }

  private VmRow called(Ended ended, ImageRef image) {
    VmRow vm = ended.standing();
    List<VmRow.Disk> disks = new ArrayList<>(vm.spec().disks());
    disks.set(0, new VmRow.Disk(Optional.of(image), disks.getFirst().made()));
    VmRow called = vm.madeOf(vm.spec().withDisks(disks), vm.desiredRevision());
    known.respec(ended.tx(), called);
    return called;
  }

  private String name(Ended ended, ImageWish wish) {
    Transaction tx = ended.tx();
    VmRow vm = ended.standing();
    DesiredDisk disk = ended.answer().disks().get(wish.disk());
    DiskId base = disk.base().orElseThrow();
    if (tx.images().find(vm.tenant(), wish.name()).isPresent()) {
      throw Layerings.imageTaken(wish.name());
    }
    Optional<ImageRow> origin =
        vm.spec()
            .disks()
            .get(wish.disk())
            .image()
            .flatMap(ref -> tx.images().find(vm.tenant(), ref));
    tx.images()
        .add(
            new ImageRow(
                vm.tenant(),
                wish.name(),
                base,
                disk.sizeBytes(),
                origin.map(ImageRow::storedBytes).orElse(0L) + stored(ended.report(), wish.disk()),
                "vm",
                vm.spec().firmware(),
                origin.map(ImageRow::minimumMemoryBytes).orElse(0L),
                true,
                clock.instant()));
    return "base disk " + base.shortForm() + toLibrary(ended, wish, base);
  }

  /** The library gets it as hosts get bases, and keeps it when this host is gone. */
  private String toLibrary(Ended ended, ImageWish wish, DiskId base) {
    VmRow vm = ended.standing();
    Optional<HostReport> library =
        hosts.all().stream()
            .map(Hosts.Seen::report)
            .filter(host -> hosts.isLibrary(host.id()))
            .findFirst();
    if (library.isEmpty() || library.get().id().equals(vm.host())) {
      return "";
    }
    BaseWishes wishes = new BaseWishes(ended.tx(), vm.tenant(), operations, revisions);
    OperationRow brought =
        wishes.ask(BaseTask.PRECACHE, wish.name().toString(), base, library.get());
    return ", brought to the library by operation " + brought.view().id();
  }

  private static long stored(VmReport report, int disk) {
    return disk < report.disks().size() ? report.disks().get(disk).storedBytes() : 0;
  }

  private String clone(Ended ended, CloneRequest request) {
    VmRow origin = ended.before();
    List<ReplicaReport> frozen = new ArrayList<>();
    for (int i = 0; i < ended.answer().disks().size(); i++) {
      DesiredDisk disk = ended.answer().disks().get(i);
      long bytes = stored(ended.report(), i);
      disk.base().ifPresent(base -> frozen.add(replica(base, disk.sizeBytes(), bytes)));
    }
    // Its next whole report says so, too; the clones are placed before that is taken up.
    hosts.has(origin.host(), frozen);
    List<OperationView> begun =
        deploys.clones(
            ended.tx(),
            new Deploys.Origin(
                origin, ended.answer().disks(), ended.answer().variables(), ended.report()),
            request);
    return begun.stream().map(OperationView::subject).collect(Collectors.joining(", "));
  }

  private static ReplicaReport replica(DiskId base, long sizeBytes, long storedBytes) {
    return new ReplicaReport(
        base,
        Layout.DELTA,
        ReplicaState.READY,
        "",
        sizeBytes,
        storedBytes,
        100,
        Optional.empty(),
        "");
  }

  /** A clone that is to stand alone has begun: that is an operation of its own. */
  Optional<OperationRow> deployed(Transaction tx, VmRow vm) {
    return vm.spec()
        .layering()
        .map(wanted ->
            operations.begin(
                tx,
                vm.tenant(),
                OperationKind.FLATTEN,
                Subject.vm(vm.name().text(), vm.id()),
                vm.powerRevision(),
                List.of()));
  }

  private VmRow follow(Transaction tx, VmRow vm, LayeringReport answer) {
    VmRow standing =
        vm.madeOf(
            vm.spec().standing(answer.disks()).withLayering(Optional.empty()),
            revisions.next(tx, vm.host()));
    known.respec(tx, standing);
    return standing;
  }
}
