package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * A guest whose write found no room: QEMU holds it, and tries the write again when it is resumed,
 * so nothing is lost. It goes on by itself once there is room. Why a guest is held the event tells
 * best; a hypervisor that is asked later only knows of an I/O error. Where no event was heard, as
 * after a start of the agent, one try shows which it is.
 */
final class FullDisk {
  /** With less the guest would only be held again. */
  private static final long ROOM_BYTES = 64L << 20;

  static final Duration BETWEEN_TRIES = Duration.ofSeconds(5);
  private static final Set<String> WORDS = Set.of("I/O error", PauseReason.DISK_FULL.name());

  private volatile Optional<PauseReason> heard = Optional.empty();

  // Only the keeper's thread uses this.
  private Instant notBefore = Instant.MIN;

  /** Its domain was held. */
  void held(PauseReason why) {
    heard = Optional.of(why);
  }

  /** Its domain is another one by now, or goes on; or what became of it may have been missed. */
  void forget() {
    heard = Optional.empty();
  }

  /** Whether the guest is held because its host's disk is full, and shall run. */
  boolean holds(DesiredVm vm, Optional<DomainStatus> domain) {
    return vm.power() == DesiredPower.RUNNING
        && domain
            .filter(now -> now.state() == DomainState.PAUSED && WORDS.contains(now.reason()))
            .isPresent()
        && heard.orElse(PauseReason.DISK_FULL) == PauseReason.DISK_FULL;
  }

  /**
   * Whether it is to be resumed now; then it is not for a while.
   *
   * @param freeBytes where its disks lie
   */
  boolean mayGoOn(Instant now, LongSupplier freeBytes) {
    if (now.isBefore(notBefore) || freeBytes.getAsLong() < ROOM_BYTES) {
      return false;
    }
    notBefore = now.plus(BETWEEN_TRIES);
    return true;
  }

  static Problem problem(DesiredVm vm) {
    return Problem.of(ErrorCode.DISK_FULL, "running VM '" + vm.name() + "'")
        .detail("Its host's disk is full. The guest is held, and nothing that it wrote is lost.")
        .next("Make room there ('ratoon trash empty', 'ratoon cache plan'): it goes on by itself.");
  }
}
