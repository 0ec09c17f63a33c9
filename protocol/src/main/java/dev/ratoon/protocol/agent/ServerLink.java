package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The server as an agent sees it: it asks for what its host shall be and reports what it is.
 * Revisions, not commands: a lost, doubled or late message costs time, never truth.
 */
public interface ServerLink {

  /**
   * The desired state, as soon as it is newer than what the host knows; or what has changed since
   * that, see {@link DesiredState#onto}.
   *
   * @param wait how long to wait for a newer one
   * @return empty when none came in that time
   */
  Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException;

  /**
   * Where a base disk can be had that the host needs.
   *
   * @throws dev.ratoon.model.RatoonException {@code forbidden} if it does not need it; {@code
   *     base-missing} if nobody has it
   */
  Whereabouts whereabouts(HostId host, DiskId base);

  /** Says how the whole host is. The latest report replaces those before it. */
  void report(HostReport report);

  /**
   * How long a host may let pass between two whole reports, as the server last said: one with very
   * many hosts does not want to hear of all of them every few seconds. What changes of VMs, base
   * disks and migrations is told at once in any case.
   */
  default Duration betweenReports() {
    return Duration.ZERO;
  }

  /** Says how some VMs of the host are, between two whole reports. */
  void report(HostId host, List<VmReport> changed);

  /** Says how far the host is with some base disks, between two whole reports. */
  void reportBases(HostId host, List<BaseReport> changed);

  /** Says how far the host is with its part in migrations; a server without any need not hear. */
  default void reportMoves(HostId host, List<MoveReport> moves) {}
}
