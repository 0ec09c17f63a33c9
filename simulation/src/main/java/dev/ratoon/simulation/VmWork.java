package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** What an agent does to VMs until they are as they are wanted. */
final class VmWork {
  private static final int TEN_THOUSAND = 10_000;

  private final SimulatedHost.Self self;
  private final Surroundings around;
  private final RandomGenerator random;
  private final Arrivals arrivals;
  private final Consumer<SimulatedVm> changed;
  private int life;

  VmWork(
      SimulatedHost.Self self,
      Surroundings around,
      RandomGenerator random,
      Arrivals arrivals,
      Consumer<SimulatedVm> changed) {
    this.self = self;
    this.around = around;
    this.random = random;
    this.arrivals = arrivals;
    this.changed = changed;
  }

  /** The agent is gone. */
  void stop() {
    life++;
    arrivals.stop();
  }

  /** Does what is still to be done to this VM. */
  void drive(SimulatedVm vm) {
    switch (vm.wanted.power()) {
      case RUNNING, PAUSED -> {
        if (vm.runs) {
          settle(vm);
        } else if (vm.disksMade) {
          start(vm);
        } else {
          makeDisks(vm);
        }
      }
      case STOPPED -> {
        if (vm.runs) {
          step(vm, "shutdown", around.pace().stop(), () -> stopped(vm));
        } else if (vm.trashed) {
          step(vm, "restore", around.pace().disk(), () -> stopped(vm));
        } else {
          settle(vm);
        }
      }
      case TRASHED ->
          step(
              vm,
              "trash",
              around.pace().disk(),
              () -> {
                vm.runs = false;
                vm.trashed = true;
                settle(vm);
              });
      case PURGED ->
          step(
              vm,
              "purge",
              around.pace().disk(),
              () -> {
                vm.runs = false;
                settle(vm);
              });
    }
  }

  private void stopped(SimulatedVm vm) {
    vm.runs = false;
    vm.trashed = false;
    settle(vm);
  }

  private void makeDisks(SimulatedVm vm) {
    List<DiskId> bases =
        vm.wanted.disks().stream().flatMap(disk -> disk.base().stream()).distinct().toList();
    vm.begin("base", around.scheduler().time().instant());
    changed.accept(vm);
    bring(vm, vm.turn, bases.iterator());
  }

  private void bring(SimulatedVm vm, int turn, Iterator<DiskId> bases) {
    if (turn != vm.turn) {
      return;
    }
    if (bases.hasNext()) {
      arrivals.bring(bases.next(), () -> bring(vm, turn, bases));
      return;
    }
    vm.end("base", around.scheduler().time().instant());
    step(
        vm,
        "disk",
        around.pace().disk(),
        () -> {
          vm.disksMade = true;
          start(vm);
        });
  }

  private void start(SimulatedVm vm) {
    boolean fails = random.nextInt(TEN_THOUSAND) < around.pace().startsThatFail();
    step(
        vm,
        "start",
        around.pace().start(),
        () -> {
          if (fails) {
            vm.fail(
                Problem.of(ErrorCode.HYPERVISOR_REFUSED, "starting " + vm.wanted.name())
                    .detail("The simulation lets some starts fail."));
            changed.accept(vm);
          } else {
            vm.started(around.scheduler().time().instant());
            settle(vm);
          }
        });
  }

  private void settle(SimulatedVm vm) {
    vm.settled = true;
    changed.accept(vm);
  }

  /** Begins a step, and goes on when it has taken its time, unless something else is wanted. */
  private void step(SimulatedVm vm, String name, Duration takes, Runnable then) {
    vm.begin(name, around.scheduler().time().instant());
    changed.accept(vm);
    int turn = vm.turn;
    int begun = life;
    around
        .scheduler()
        .after(
            takes,
            self.number(),
            () -> {
              if (turn == vm.turn && begun == life) {
                vm.end(name, around.scheduler().time().instant());
                then.run();
              }
            });
  }
}
