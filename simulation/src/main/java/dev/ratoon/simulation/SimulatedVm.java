package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.VmReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A VM on its host: what is wanted of it, and how far it has come. */
final class SimulatedVm {
  static final long OVERLAY_BYTES = 8 << 20;

  DesiredVm wanted;

  /** Counts what was wanted of it, so that what was begun before does not go on. */
  int turn;

  boolean disksMade;
  boolean runs;
  boolean trashed;
  boolean settled;
  Optional<Problem> problem = Optional.empty();
  int restarts;
  private Optional<Instant> startedAt = Optional.empty();
  private final List<OperationStep> steps = new ArrayList<>();

  SimulatedVm(DesiredVm wanted) {
    this.wanted = wanted;
  }

  VmId id() {
    return wanted.id();
  }

  void want(DesiredVm newer) {
    wanted = newer;
    beginAnew();
  }

  /** What it does now is no longer what it was doing. */
  void beginAnew() {
    turn++;
    settled = false;
    problem = Optional.empty();
    steps.clear();
  }

  void begin(String step, Instant now) {
    steps.removeIf(each -> each.name().equals(step));
    steps.add(OperationStep.waiting(step).begin(now));
  }

  void progress(String step, long done, long total) {
    steps.replaceAll(each -> each.name().equals(step) ? each.progress(done, total) : each);
  }

  void end(String step, Instant now) {
    steps.replaceAll(each -> each.name().equals(step) ? each.end(StepState.DONE, now) : each);
  }

  void started(Instant now) {
    runs = true;
    startedAt = Optional.of(now);
  }

  void fail(Problem why) {
    settled = true;
    problem = Optional.of(why);
  }

  private VmState state() {
    if (problem.isPresent()) {
      return VmState.FAILED;
    }
    if (!settled) {
      return runs ? VmState.RUNNING : VmState.DEPLOYING;
    }
    return switch (wanted.power()) {
      case RUNNING -> VmState.RUNNING;
      case PAUSED -> VmState.PAUSED;
      case STOPPED -> VmState.STOPPED;
      case TRASHED, PURGED -> VmState.TRASHED;
    };
  }

  VmReport report() {
    return new VmReport(
        id(),
        wanted.epoch(),
        wanted.powerRevision(),
        settled,
        state(),
        steps,
        problem,
        disksMade
            ? wanted.disks().stream().map(disk -> disk(disk.base(), disk.sizeBytes())).toList()
            : List.of(),
        Optional.empty(),
        Optional.empty(),
        startedAt,
        Optional.empty(),
        restarts);
  }

  private DiskReport disk(Optional<DiskId> base, long sizeBytes) {
    return new DiskReport(
        "/var/lib/ratoon/vms/" + id() + "/disk-0.qcow2",
        base,
        base.map(SimulatedVm::basePath),
        sizeBytes,
        OVERLAY_BYTES,
        0,
        Optional.empty(),
        Optional.empty());
  }

  static String basePath(DiskId base) {
    return "/var/lib/ratoon/cache/" + base.hex() + ".flat.raw";
  }
}
