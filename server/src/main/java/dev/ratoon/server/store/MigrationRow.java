package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import dev.ratoon.protocol.api.MigrationMode;
import java.util.Optional;

/**
 * A VM on its way from one host to another.
 *
 * @param epoch that the target gets: with the VM it names the migration
 * @param power what was wanted of the VM, and is again when it has come or has come to nothing
 * @param desired the VM as the target shall have it
 * @param moved what went from host to host, once that is known
 */
public record MigrationRow(
    VmId vm,
    long epoch,
    OperationId operation,
    HostId source,
    HostId target,
    MigrationMode mode,
    Phase phase,
    DesiredPower power,
    int graceSeconds,
    DesiredVm desired,
    Optional<Moved> moved) {

  /** How far it is. */
  public enum Phase {
    /** The target brings what the disks stand on; the VM is as it was. */
    BRINGING,
    /** The VM stands still, and the target fetches its files. */
    COPYING,
    /** The running guest is on its way: only the two hosts know where it is. */
    LIVE,
    /** The guest is on its way, and shall stay if it can. */
    RETURNING,
    /** The VM is the target's; the source keeps what it had. */
    HANDED,
    /** It has come; the source removes what it had. */
    REMOVING,
    /** It stays the source's; the target removes what had come. */
    BACK;

    /** Whether the VM is still the source's, and may become the target's. */
    public boolean isOpen() {
      return this == BRINGING || this == COPYING || this == LIVE || this == RETURNING;
    }
  }

  public MigrationRow in(Phase next) {
    return new MigrationRow(
        vm, epoch, operation, source, target, mode, next, power, graceSeconds, desired, moved);
  }

  public MigrationRow having(Moved what) {
    return new MigrationRow(
        vm,
        epoch,
        operation,
        source,
        target,
        mode,
        phase,
        power,
        graceSeconds,
        desired,
        Optional.of(what));
  }
}
