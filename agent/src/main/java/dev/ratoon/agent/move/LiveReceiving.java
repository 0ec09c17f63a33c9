package dev.ratoon.agent.move;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import dev.ratoon.agent.hypervisor.LiveMigration.Progress;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.agent.move.MoveWords.Described;
import dev.ratoon.agent.move.MoveWords.Finding;
import dev.ratoon.agent.move.MoveWords.Outcome;
import dev.ratoon.agent.move.MoveWords.Purpose;
import dev.ratoon.agent.move.MoveWords.Word;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.channel.MoveLink;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The destination's side of one live migration. The domain that waits for the guest is of this
 * host's own making; what it waits for comes through its two sockets alone. If the source falls
 * silent before it has said that the guest is to run, what was prepared is removed.
 */
final class LiveReceiving {
  private static final Logger LOG = LoggerFactory.getLogger(LiveReceiving.class);

  private final MovingVms vms;
  private final LiveMigration live;

  /** One conversation at a time; who asks for the outcome waits for it to end. */
  private final ReentrantLock lock = new ReentrantLock();

  private final AtomicLong wireBytes = new AtomicLong();
  private volatile Optional<Moved> arrived = Optional.empty();

  LiveReceiving(MovingVms vms, LiveMigration live) {
    this.vms = vms;
    this.live = live;
  }

  /** What came with the guest, once it has arrived. */
  Optional<Moved> arrived() {
    return arrived;
  }

  void serve(MoveLink link, DesiredVm vm) throws InterruptedException {
    link.patience(LiveSending.LONGEST_SILENCE);
    lock.lockInterruptibly();
    try {
      Finding finding = link.message().as(Finding.class);
      Machine machine = finding.machine();
      live.requireRunnable(machine);
      DomainSpec spec = vms.receiving(vm, finding.boot());
      Sockets sockets = vms.sockets(vm.id());
      link.say(new Described(live.description(spec, machine)));
      byte[] begun = link.message().as(Word.class).bytes();
      link.say(Word.of(live.prepare(spec, machine, begun, sockets)));
      byte[] performed;
      try {
        performed = link.message().as(Word.class).bytes();
      } catch (RatoonException | InterruptedException gone) {
        removePrepared(spec);
        throw gone;
      }
      Optional<Progress> came = live.finish(spec, performed, false);
      arrived = came.map(progress -> moved(progress, link));
      if (came.isPresent()) {
        vms.noteArrived(vm);
      }
      vms.removeSockets(vm.id());
      link.say(new Outcome(came.isPresent(), arrived));
    } finally {
      lock.unlock();
    }
  }

  private Moved moved(Progress progress, MoveLink link) {
    return new Moved(
        wireBytes.get() + link.wireBytes(),
        progress.diskBytes(),
        progress.memoryBytes(),
        progress.downtimeMillis());
  }

  private void removePrepared(DomainSpec spec) {
    boolean interrupted = Thread.interrupted();
    try {
      Optional<Progress> _ = live.finish(spec, new byte[0], true);
    } catch (RatoonException failed) {
      LOG.warn("{}", failed.problem().oneLine());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Whether the guest has come here, though it may have ended since. If it has not, it never will:
   * what waits for it is removed.
   */
  void outcome(MoveLink link, DesiredVm vm) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      boolean here = arrived.isPresent() || vms.hasArrived(vm) || vms.runs(vm.id());
      if (here) {
        vms.noteArrived(vm);
      } else {
        vms.discard(vm.id(), vm.epoch());
      }
      link.say(new Outcome(here, arrived));
    } finally {
      lock.unlock();
    }
  }

  /** Carries what the source's QEMU has for the one that waits here. */
  void tunnel(MoveLink link, DesiredVm vm, Purpose purpose) {
    link.patience(LiveSending.LONGEST_SILENCE);
    Sockets sockets = vms.sockets(vm.id());
    Path at = purpose == Purpose.MEMORY ? sockets.memory() : sockets.disks();
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        Tunnel tunnel = new Tunnel(socket, link)) {
      socket.connect(UnixDomainSocketAddress.of(at));
      tunnel.run();
      wireBytes.addAndGet(link.wireBytes());
    } catch (IOException failed) {
      throw Faults.unwritable(at, failed);
    }
  }
}
