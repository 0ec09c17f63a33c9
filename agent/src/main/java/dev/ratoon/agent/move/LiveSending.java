package dev.ratoon.agent.move;

import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.hypervisor.LiveMigration.Begun;
import dev.ratoon.agent.hypervisor.LiveMigration.Progress;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.agent.move.MoveWords.Described;
import dev.ratoon.agent.move.MoveWords.Finding;
import dev.ratoon.agent.move.MoveWords.Hello;
import dev.ratoon.agent.move.MoveWords.Outcome;
import dev.ratoon.agent.move.MoveWords.Purpose;
import dev.ratoon.agent.move.MoveWords.Word;
import dev.ratoon.agent.work.Timeline;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.channel.MoveLink;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The source's side of a live migration. Until the destination was told to let the guest run, the
 * guest is here, whatever happens. From then on only the destination knows, and is asked until it
 * answers: the guest, which is held, goes on nowhere before that.
 */
final class LiveSending {
  private static final Logger LOG = LoggerFactory.getLogger(LiveSending.class);

  /** Of the other host: after that QEMU is told, so that no guest waits for it. */
  static final Duration LONGEST_SILENCE = Duration.ofMillis(1500);

  /** A guest that is not there by then is not coming. */
  private static final Duration LONGEST = Duration.ofHours(2);

  private static final long LOOK_MILLIS = 200;
  private static final long ASK_AGAIN_MILLIS = 500;

  private final MovingVms vms;
  private final LiveMigration live;
  private final Supplier<MoveLink> road;
  private final DesiredMove move;
  private final Timeline timeline;
  private final VmId id;
  private Progress last = new Progress(0, 0, 0, 0, Optional.empty());

  LiveSending(
      MovingVms vms,
      LiveMigration live,
      Supplier<MoveLink> road,
      DesiredMove move,
      Timeline timeline) {
    this.vms = vms;
    this.live = live;
    this.road = road;
    this.move = move;
    this.timeline = timeline;
    this.id = move.vm().id();
  }

  /**
   * Sends the guest, or finds that it was sent before.
   *
   * @throws RatoonException only when the guest is known to be here
   */
  Moved run() throws InterruptedException {
    try {
      return sent();
    } catch (RuntimeException failed) {
      if (isSurelyHere()) {
        throw failed;
      }
      LOG.info("It has arrived, although: {}", failed.getMessage());
      return Moved.NOTHING;
    }
  }

  private Moved sent() throws InterruptedException {
    if (vms.runs(id)) {
      Moved[] moved = {Moved.NOTHING};
      timeline.step("guest", () -> moved[0] = send());
      return moved[0];
    }
    Outcome outcome = askUntilAnswered();
    settle(outcome);
    return outcome.moved().orElse(Moved.NOTHING);
  }

  /** Whether the guest is here; one of which that is not known is asked for elsewhere. */
  boolean isHere() throws InterruptedException {
    if (vms.runs(id)) {
      return true;
    }
    Outcome outcome = askUntilAnswered();
    if (!outcome.runs()) {
      vms.stays(id);
    }
    return !outcome.runs();
  }

  /** Says nothing before it knows: whoever is told that the guest is here starts it here. */
  private boolean isSurelyHere() throws InterruptedException {
    while (true) {
      try {
        boolean here = isHere();
        if (!here) {
          vms.left(id);
        }
        return here;
      } catch (RuntimeException unknown) {
        LOG.warn("Where the guest is is not known: {}", unknown.getMessage());
        TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
      }
    }
  }

  private void settle(Outcome outcome) {
    if (outcome.runs()) {
      vms.left(id);
    } else {
      vms.stays(id);
      throw Problem.of(ErrorCode.INTERRUPTED, doing())
          .detail("It was cut off, and the guest has not arrived.")
          .asException();
    }
  }

  private String doing() {
    return "migrating VM '" + move.vm().name() + "'";
  }

  private Moved send() {
    Sockets sockets = vms.sending(move.vm());
    try (MoveLink link = link(Purpose.LIVE)) {
      link.say(new Finding(live.machine(id), vms.boot(id)));
      String description = message(link).as(Described.class).description();
      Begun begun = live.begin(id, description);
      byte[] prepared;
      try {
        link.say(Word.of(begun.word()));
        prepared = message(link).as(Word.class).bytes();
      } catch (RatoonException failed) {
        confirm(true);
        throw failed;
      }
      return perform(link, begun, prepared, sockets);
    } finally {
      vms.removeSockets(id);
    }
  }

  private Moved perform(MoveLink link, Begun begun, byte[] prepared, Sockets sockets) {
    Outcome outcome;
    long wire;
    try (Relay relay = Relay.open(sockets, vms::own, this::link)) {
      byte[] performed;
      try {
        performed = performed(link, relay, begun, prepared, sockets);
      } catch (RuntimeException failed) {
        confirm(true);
        throw failed;
      }
      boolean interrupted = Thread.interrupted();
      outcome = outcome(link, performed);
      wire = link.wireBytes() + relay.wireBytes();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    confirm(!outcome.runs());
    if (!outcome.runs()) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, doing())
          .detail("The other host's hypervisor did not let the guest run. It runs on here.")
          .asException();
    }
    Moved counted = outcome.moved().orElse(Moved.NOTHING);
    return new Moved(
        Math.max(wire, counted.wireBytes()),
        Math.max(last.diskBytes(), counted.diskBytes()),
        Math.max(last.memoryBytes(), counted.memoryBytes()),
        counted.downtimeMillis());
  }

  /**
   * The last phase. Whoever wants this thread for something else waits for it: a guest that is held
   * must not stay so for that.
   */
  private void confirm(boolean cancelled) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("confirm " + id)
        .start(() -> {
          try {
            live.confirm(id, new byte[0], cancelled);
          } catch (RatoonException failed) {
            LOG.warn("{}", failed.problem().oneLine());
          } finally {
            done.complete(true);
          }
        });
    boolean _ = done.join();
  }

  /** Sends the guest; what stops it, stops QEMU first. */
  private byte[] performed(
      MoveLink link, Relay relay, Begun begun, byte[] prepared, Sockets sockets) {
    CompletableFuture<byte[]> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("send " + id)
        .start(() -> {
          try {
            result.complete(live.perform(id, begun, prepared, sockets));
          } catch (RuntimeException failed) {
            result.completeExceptionally(failed);
          }
        });
    long end = System.nanoTime() + LONGEST.toNanos();
    Optional<Problem> stopped = Optional.empty();
    boolean interrupted = false;
    while (true) {
      try {
        byte[] word = result.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        return word;
      } catch (TimeoutException notYet) {
        if (stopped.isEmpty()) {
          stopped = reasonToStop(link, end);
          if (stopped.isPresent()) {
            stop(relay);
          } else {
            tell();
          }
        }
      } catch (InterruptedException cancelled) {
        interrupted = true;
        stopped = Optional.of(Problem.of(ErrorCode.INTERRUPTED, doing()));
        stop(relay);
      } catch (ExecutionException failed) {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        if (stopped.isPresent()) {
          throw stopped.get().asException(failed);
        }
        throw failed.getCause() instanceof RatoonException known
            ? known
            : new IllegalStateException(failed.getCause());
      }
    }
  }

  private Optional<Problem> reasonToStop(MoveLink link, long end) {
    if (link.isOver()) {
      return Optional.of(
          Problem.of(ErrorCode.PEER_UNREACHABLE, doing())
              .detail("The other host is gone. The guest runs on here."));
    }
    return System.nanoTime() > end
        ? Optional.of(
            Problem.of(ErrorCode.TIMED_OUT, doing())
                .detail(
                    "After %d hours the guest still changes more than the link carries."
                        .formatted(LONGEST.toHours()))
                .next("Raise the hosts' limits, or move it with --cold."))
        : Optional.empty();
  }

  private void stop(Relay relay) {
    relay.close();
    try {
      live.abort(id);
    } catch (RatoonException over) {
      LOG.info("{}", over.problem().oneLine());
    }
  }

  private void tell() {
    try {
      Progress now = live.progress(id);
      last = now;
      timeline.progress(
          "guest",
          now.memoryBytes() + now.diskBytes(),
          now.memoryTotalBytes() + now.diskTotalBytes());
    } catch (RatoonException away) {
      LOG.debug("{}", away.problem().oneLine());
    }
  }

  /** Lets it run there. Whether it does is known when the other host has said so. */
  private Outcome outcome(MoveLink link, byte[] performed) {
    try {
      link.say(Word.of(performed));
      return message(link).as(Outcome.class);
    } catch (RatoonException unknown) {
      LOG.warn("Whether the guest has arrived is not known: {}", unknown.problem().oneLine());
      try {
        return askUntilAnswered();
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
        throw unknown;
      }
    }
  }

  private Outcome askUntilAnswered() throws InterruptedException {
    while (true) {
      try (MoveLink link = link(Purpose.OUTCOME)) {
        return link.message().as(Outcome.class);
      } catch (RatoonException away) {
        LOG.info("{}", away.problem().oneLine());
        TimeUnit.MILLISECONDS.sleep(ASK_AGAIN_MILLIS);
      }
    }
  }

  private MoveLink link(Purpose purpose) {
    MoveLink link = road.get();
    link.patience(LONGEST_SILENCE);
    link.say(new Hello(id, move.vm().epoch(), purpose, move.grant()));
    return link;
  }

  private MoveLink.Received.Message message(MoveLink link) {
    try {
      return link.message();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, doing()).asException(stopped);
    }
  }
}
