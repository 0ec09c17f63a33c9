package dev.ratoon.agent.vm;

import dev.ratoon.model.Problem;
import dev.ratoon.model.VmState;
import java.time.Instant;
import java.util.Optional;

/** The next thing to do for a VM. */
sealed interface VmAction {

  /** Make its disks, seed and firmware variables, from nothing. */
  record MakeFiles() implements VmAction {}

  /** Make what another's domain has its own: its disks, and the domain itself. */
  record TakeOver() implements VmAction {}

  /**
   * Start its domain.
   *
   * @param restart whether the restart policy wants it, not a user
   */
  record Start(boolean paused, boolean restart) implements VmAction {}

  /** Its domain is there although the record does not say so: the agent was killed in between. */
  record NoteStarted() implements VmAction {}

  /** Let its processors run. */
  record Resume() implements VmAction {}

  /** Hold its processors. */
  record Pause() implements VmAction {}

  /** Ask the guest to shut down. */
  record AskShutdown() implements VmAction {}

  /** Switch it off. */
  record Destroy() implements VmAction {}

  /** Put its folder into the trash. */
  record MoveToTrash() implements VmAction {}

  /** Take its folder out of the trash. */
  record BringBack() implements VmAction {}

  /** Remove its files for good. */
  record Purge() implements VmAction {}

  /** Nothing to do before that moment, unless something happens. */
  record WaitUntil(Instant moment) implements VmAction {}

  /** Nothing to do until something happens: this is how it is. */
  record Settled(VmState state, Optional<Problem> problem) implements VmAction {

    static Settled as(VmState state) {
      return new Settled(state, Optional.empty());
    }
  }
}
