package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainPaused;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** With the numbers of libvirt-domain.h, which need a guest with a system to come for real. */
final class DomainEventsTest {
  private static final int SUSPENDED = 3;
  private static final int STOPPED = 5;
  private static final int SHUTDOWN = 6;
  private final VmId id = new VmId(UUID.randomUUID());
  private final DomainEvents events = new DomainEvents(event -> {});

  @Test
  void aGuestThatSwitchesItselfOffIsNoFailure() {
    assertThat(events.lifecycle(id, SHUTDOWN, 1)).isEmpty();
    assertEnded(0, Ending.SHUTDOWN_BY_GUEST);
  }

  @Test
  void aProcessThatTheHostTerminatesHasFailed() {
    assertThat(events.lifecycle(id, SHUTDOWN, 2)).isEmpty();
    assertEnded(0, Ending.FAILED);
    assertEnded(0, Ending.SHUTDOWN_BY_GUEST);
  }

  @Test
  void otherEndings() {
    assertEnded(1, Ending.DESTROYED);
    assertEnded(2, Ending.CRASHED);
    assertEnded(3, Ending.MIGRATED);
    assertEnded(5, Ending.FAILED);
  }

  @Test
  void aFullDiskIsToldFromAnotherFailure() {
    events.ioError(id, "enospc");
    assertPaused(2, PauseReason.DISK_FULL);
    assertPaused(2, PauseReason.IO_ERROR);
    events.ioError(id, "");
    assertPaused(2, PauseReason.IO_ERROR);
    assertPaused(0, PauseReason.REQUESTED);
    assertPaused(3, PauseReason.OTHER);
  }

  @Test
  void aDomainThatIsBeingMadeIsNotPaused() {
    DomainMark mark = new DomainMark(id, 1, "t", List.of());
    assertThat(DomainStates.status(mark, 3, 11).map(DomainStatus::state))
        .contains(DomainState.STARTING);
    assertThat(DomainStates.status(mark, 3, 5).map(DomainStatus::reason)).contains("I/O error");
    assertThat(DomainStates.status(mark, 5, 0)).isEmpty();
  }

  private void assertEnded(int detail, Ending how) {
    assertThat(events.lifecycle(id, STOPPED, detail)).contains(new DomainEnded(id, how));
  }

  private void assertPaused(int detail, PauseReason reason) {
    assertThat(events.lifecycle(id, SUSPENDED, detail)).contains(new DomainPaused(id, reason));
  }
}
