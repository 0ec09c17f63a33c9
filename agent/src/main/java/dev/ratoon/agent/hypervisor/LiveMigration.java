package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * A host's part in moving a guest that runs. The hypervisors of the two hosts never meet: the
 * agents carry their words from one to the other, and a relay what QEMU has to say. In this order:
 *
 * <ol>
 *   <li>source: {@link #machine}, what the guest must find again
 *   <li>destination: {@link #requireRunnable}, before anything comes and again just before it does
 *   <li>destination: {@link #description}, the domain as it will be there
 *   <li>source: {@link #begin}
 *   <li>destination: {@link #prepare}; from now on its sockets listen
 *   <li>source: {@link #perform}, which takes as long as it takes, and ends with the guest held
 *   <li>destination: {@link #finish}; if that succeeds the guest runs there
 *   <li>source: {@link #confirm}: the domain is gone, or runs on if it was cancelled
 * </ol>
 *
 * <p>All throw {@link dev.ratoon.model.RatoonException} as {@link Hypervisor}'s methods do.
 */
public interface LiveMigration {

  /**
   * What of a domain was decided when it was started, and has to be the same elsewhere.
   *
   * @param type of its machine
   * @param processor its processor, as the hypervisor describes it
   * @param guestAgent whether it has a channel to the guest's own agent; a host of before domains
   *     had one does not say
   */
  record Machine(String type, String processor, Optional<Boolean> guestAgent) {
    /** It may come from another host, in whose words anything may be missing. */
    public Machine {
      Objects.requireNonNull(type);
      Objects.requireNonNull(processor);
    }

    public boolean hasGuestAgent() {
      return guestAgent.orElse(false);
    }
  }

  /** What the hypervisor says to its like, which nobody else understands. */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  record Begun(String description, byte[] word) {}

  /**
   * Where memory and disks go.
   *
   * @param memory a UNIX socket
   * @param disks another
   */
  record Sockets(Path memory, Path disks) {}

  /**
   * How far it is.
   *
   * @param downtimeMillis how long the guest stood still, once that is known
   */
  record Progress(
      long memoryBytes,
      long memoryTotalBytes,
      long diskBytes,
      long diskTotalBytes,
      Optional<Long> downtimeMillis) {}

  Machine machine(VmId id);

  /**
   * Looks whether this host can run a guest on such a machine.
   *
   * @throws dev.ratoon.model.RatoonException {@code no-host-fits} if it cannot, with what it lacks
   *     in words; {@code peer-misbehaved} if {@code machine} says more than that
   */
  void requireRunnable(Machine machine);

  /**
   * The domain at the destination, of its own spec and nothing else but that machine.
   *
   * @throws dev.ratoon.model.RatoonException {@code peer-misbehaved} if {@code machine} says more
   *     than that
   */
  String description(DomainSpec spec, Machine machine);

  /**
   * Begins.
   *
   * @throws dev.ratoon.model.RatoonException {@code hypervisor-refused} if a guest that finds
   *     itself in {@code description} would notice
   */
  Begun begin(VmId id, String description);

  /** Prepares a domain that waits for its guest; all its files are there. */
  byte[] prepare(DomainSpec spec, Machine machine, byte[] word, Sockets listen);

  /** Sends the guest. If this fails it runs on, after {@link #confirm} was told so. */
  byte[] perform(VmId id, Begun begun, byte[] word, Sockets connect);

  /** Lets {@link #perform} fail soon. */
  void abort(VmId id);

  Progress progress(VmId id);

  /**
   * Lets the guest run at the destination, or removes what was prepared.
   *
   * @return how far it came; empty if it does not run here
   */
  Optional<Progress> finish(DomainSpec spec, byte[] word, boolean cancelled);

  void confirm(VmId id, byte[] word, boolean cancelled);
}
