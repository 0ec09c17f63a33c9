package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import java.util.Optional;

/**
 * What libvirt's numbers for a domain's state and its reason mean; they are in libvirt-domain.h.
 */
final class DomainStates {
  private static final int PAUSED = 3;
  private static final int PAUSED_STARTING_UP = 11;

  private DomainStates() {}

  /** Empty for a domain that has ended. */
  static Optional<DomainStatus> status(DomainMark mark, int state, int reason) {
    return state(state, reason)
        .map(known ->
            new DomainStatus(
                mark.id(),
                mark.epoch(),
                mark.tenant(),
                known,
                state == PAUSED ? pauseReason(reason) : "",
                mark.overlays()));
  }

  private static Optional<DomainState> state(int state, int reason) {
    return switch (state) {
      case 1, 2 -> Optional.of(DomainState.RUNNING);
      case PAUSED, 7 ->
          Optional.of(reason == PAUSED_STARTING_UP ? DomainState.STARTING : DomainState.PAUSED);
      case 4 -> Optional.of(DomainState.SHUTTING_DOWN);
      case 6 -> Optional.of(DomainState.CRASHED);
      default -> Optional.empty();
    };
  }

  private static String pauseReason(int reason) {
    return switch (reason) {
      case 1 -> "requested";
      case 2 -> "migrating";
      case 3, 4 -> "being saved";
      case 5 -> "I/O error";
      case 6 -> "watchdog";
      case 7, 9 -> "snapshot";
      case 8 -> "shutting down";
      case 10 -> "the guest crashed";
      case PAUSED_STARTING_UP -> "starting";
      case 12, 13 -> "post-copy migration";
      default -> "";
    };
  }
}
