package dev.ratoon.agent.move;

import dev.ratoon.agent.bases.MoveRoad;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.move.MoveWords.Finding;
import dev.ratoon.agent.move.MoveWords.Hello;
import dev.ratoon.agent.move.MoveWords.Purpose;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.channel.MoveLink;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The deeds behind each task of a migration. */
record MoveWork(
    MovingVms vms,
    Optional<MoveRoad> road,
    Optional<LiveMigration> live,
    Optional<LiveReceiving> receiving) {
  private static final long LOOK_MILLIS = 100;

  /** The source knows more of what moved: it is let say so first. */
  private static final int LOOKS_OF_THE_SOURCE = 8;

  /** A guest that runs for so long has arrived, whoever has seen it come. */
  private static final int LOOKS_THAT_SUFFICE = 30;

  /** Does the task; what it had done before it was cut off is done again, or found done. */
  Moved run(DesiredMove move, Timeline timeline) throws InterruptedException {
    DesiredVm vm = move.vm();
    return switch (move.task()) {
      case BRING -> {
        if (move.live().equals(Optional.of(true))) {
          requireRunnable(move);
        }
        bring(vm, timeline);
        yield Moved.NOTHING;
      }
      case FETCH -> fetch(move, timeline);
      case DISCARD -> {
        vms.discard(vm.id(), vm.epoch());
        yield Moved.NOTHING;
      }
      case REMOVE -> {
        vms.remove(vm.id(), vm.epoch());
        yield Moved.NOTHING;
      }
      case GIVE -> {
        // Noted before anybody asks, so that nothing starts it any more.
        var _ = vms.leave(vm);
        yield Moved.NOTHING;
      }
      case KEEP -> Moved.NOTHING;
      case RECEIVE -> received(vm);
      case SEND -> sending(move, timeline).run();
      case RETURN -> {
        if (!sending(move, timeline).isHere()) {
          // The other host says so, too: then this host is told to do something else.
          throw Problem.of(ErrorCode.WRONG_STATE, "keeping VM '" + vm.name() + "' here")
              .detail("It has arrived on the other host already.")
              .asException();
        }
        yield Moved.NOTHING;
      }
    };
  }

  private LiveSending sending(DesiredMove move, Timeline timeline) {
    return new LiveSending(
        vms,
        live.orElseThrow(MoveWork::cannot),
        // Looked for when it is needed: that there is none says nothing of where the guest is.
        () -> way(move.vm()).to(move),
        move,
        timeline);
  }

  static RatoonException cannot() {
    return Problem.of(ErrorCode.WRONG_STATE, "migrating a VM")
        .detail("This host's hypervisor moves no guests that run.")
        .next("Give --cold.")
        .asException();
  }

  /** The source does it all; this waits until the guest is here. */
  private Moved received(DesiredVm vm) throws InterruptedException {
    LiveReceiving coming = receiving.orElseThrow(MoveWork::cannot);
    int arrivedFor = 0;
    for (int runsFor = 0; arrivedFor < LOOKS_OF_THE_SOURCE; ) {
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      runsFor = vms.runs(vm.id()) ? runsFor + 1 : 0;
      if (runsFor >= LOOKS_THAT_SUFFICE) {
        vms.noteArrived(vm);
      }
      // One that has ended since has arrived, too.
      arrivedFor = vms.hasArrived(vm) ? arrivedFor + 1 : 0;
    }
    return coming.arrived().orElse(Moved.NOTHING);
  }

  /** Before anything comes for a guest that could not run here. */
  private void requireRunnable(DesiredMove move) throws InterruptedException {
    LiveMigration own = live.orElseThrow(MoveWork::cannot);
    try (MoveLink link = way(move.vm()).to(move)) {
      link.say(new Hello(move.vm().id(), move.vm().epoch(), Purpose.MACHINE, move.grant()));
      own.requireRunnable(link.message().as(Finding.class).machine());
    }
  }

  private void bring(DesiredVm vm, Timeline timeline) {
    timeline.step(
        "base", () -> vms.bringBases(vm, (done, total) -> timeline.progress("base", done, total)));
  }

  private Moved fetch(DesiredMove move, Timeline timeline) throws InterruptedException {
    DesiredVm vm = move.vm();
    if (vms.hasCome(vm)) {
      return Moved.NOTHING;
    }
    Path folder = vms.begin(vm);
    try (MoveLink link = way(vm).to(move)) {
      link.say(new Hello(vm.id(), vm.epoch(), Purpose.FILES, move.grant()));
      Count came = new Count();
      timeline.step(
          "disk",
          () -> {
            came.diskBytes =
                uninterrupted(
                    vm,
                    () ->
                        new FileFetching(
                                link,
                                vms.expected(vm),
                                folder,
                                (done, total) -> timeline.progress("disk", done, total))
                            .run());
            vms.complete(vm);
          });
      return new Moved(link.wireBytes(), came.diskBytes, 0, Optional.empty());
    }
  }

  private static final class Count {
    long diskBytes;
  }

  private MoveRoad way(DesiredVm vm) {
    return road.orElseThrow(() ->
        Problem.of(ErrorCode.PEER_UNREACHABLE, "migrating VM '" + vm.name() + "'")
            .detail("This host does not listen for others.")
            .next("Start its server with --listen ADDRESS:PORT.")
            .asException());
  }

  /** Something that waits. */
  @FunctionalInterface
  private interface Waiting {
    long run() throws InterruptedException;
  }

  private static long uninterrupted(DesiredVm vm, Waiting work) {
    try {
      return work.run();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "migrating VM '" + vm.name() + "'")
          .asException(stopped);
    }
  }
}
