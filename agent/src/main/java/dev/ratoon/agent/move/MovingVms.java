package dev.ratoon.agent.move;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What migrations do to the VMs of a host. Everything can be cut off, and done again. */
public interface MovingVms {

  /**
   * Brings what the VM's disks stand on and verifies it.
   *
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if there is a VM of that id here
   *     already; {@code base-missing}, {@code base-altered} and what else keeps it from being here
   */
  void bringBases(DesiredVm vm, Bases.Progress progress);

  /** Whether all of the VM has come already. */
  boolean hasCome(DesiredVm vm);

  /**
   * An empty folder for what comes of the VM; what came of it before is removed.
   *
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if there is a VM of that id here
   *     already
   */
  Path begin(DesiredVm vm);

  /** The files that make the VM: those that are to come, and what each may be at most. */
  List<Expected> expected(DesiredVm vm);

  /**
   * A file that is to come.
   *
   * @param most its greatest size
   * @param optional whether a VM may lack it
   */
  record Expected(String name, long most, boolean optional) {}

  /**
   * Makes what has come the VM's: each disk stands on this host's own, verified copy of its base,
   * and belongs to whom it must. Nothing is the VM's before this returns.
   */
  void complete(DesiredVm vm);

  /**
   * Removes what has come of the VM for this epoch or an earlier one, and is not the VM's.
   *
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if its guest runs here, or has
   *     come here
   */
  void discard(VmId vm, long epoch);

  /**
   * Lets a VM go that stands still: from now on it is not started here for any epoch before that of
   * {@code vm}, whatever this host is told or remembers.
   *
   * @param vm as its next host shall have it
   * @return its files
   * @throws dev.ratoon.model.RatoonException {@code busy} while it has a domain; {@code not-found}
   *     if it has no files here
   */
  List<Given> leave(DesiredVm vm);

  /** A file that is given away. */
  record Given(String name, Path file) {}

  /**
   * Whether it is noted that the VM's guest came here while it ran, under this very epoch. That
   * stays true when it has ended since.
   */
  boolean hasArrived(DesiredVm vm);

  /**
   * Notes, for good when this returns, that the VM's guest has come: its disks hold what nobody
   * else has, and are the VM's. Before that they are nobody's, and no other guest is started on
   * them.
   */
  void noteArrived(DesiredVm vm);

  /** Whether a guest of the VM runs here. */
  boolean runs(VmId vm);

  /**
   * Makes all that a guest needs that comes while it runs: its disks, on this host's own bases and
   * with nothing in them, its seed, a place for its firmware's variables. What an earlier try has
   * left is removed.
   *
   * @param vm as it shall be here
   * @param boot what is known of its guest, which is remembered once it has come
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if its guest runs here already
   */
  DomainSpec receiving(DesiredVm vm, Optional<Boot> boot);

  /** Since when its guest runs here, if that is known. */
  Optional<Boot> boot(VmId vm);

  /**
   * A guest that runs, whichever hosts it has been on since.
   *
   * @param startedAt when its domain began to run
   * @param userlandAt when its console first showed a running userland
   * @param restarts how often its restart policy has started it
   */
  record Boot(Instant startedAt, Optional<Instant> userlandAt, int restarts) {
    /** It may come from another host, in whose words anything may be missing. */
    public Boot {
      Objects.requireNonNull(startedAt);
    }
  }

  /**
   * Gets a VM ready whose guest is to be sent away: from now on no other is started here for any
   * epoch before that of {@code vm}.
   *
   * @return where QEMU is to find the other host
   */
  Sockets sending(DesiredVm vm);

  /** Where QEMU and the relay meet for this VM. */
  Sockets sockets(VmId vm);

  /** Makes a file QEMU's. */
  void own(Path file);

  /** Nobody meets there any more. */
  void removeSockets(VmId vm);

  /** Its guest, if one is held here, runs elsewhere: its domain is ended. */
  void left(VmId vm);

  /** Its guest, if one is held here, runs on here. */
  void stays(VmId vm);

  /** Removes what is here of a VM that is another host's by now; nothing of a later epoch. */
  void remove(VmId vm, long epoch);
}
