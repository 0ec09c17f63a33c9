package dev.ratoon.agent.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainState;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.HypervisorContract;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainPaused;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatedHypervisorTest extends HypervisorContract {
  @TempDir Path folder;

  private final SimulatedHypervisor simulated =
      new SimulatedHypervisor(
          new HypervisorFacts(
              "simulated",
              4,
              8L << 30,
              List.of("default"),
              List.of("br0"),
              Optional.empty(),
              Accelerator.TCG,
              new FileOwner(0, 0)));

  @Test
  void aRefusalIsWhatTheTestSaid() {
    simulated.refuseStarts(Problem.of(ErrorCode.HYPERVISOR_REFUSED, "starting").detail("no"));
    assertFails(ErrorCode.HYPERVISOR_REFUSED, () -> simulated.start(spec(false)));
    simulated.acceptStarts();
    simulated.start(spec(false));
  }

  @Test
  void guestsShutDownWhenAskedUnlessTheyAreDeaf() {
    simulated.start(spec(false));
    simulated.guestsHeedShutdown(false);
    simulated.shutdown(id());
    assertThat(state()).isEqualTo(DomainState.RUNNING);
    simulated.guestsHeedShutdown(true);
    simulated.shutdown(id());
    awaitEvent(new DomainEnded(id(), Ending.SHUTDOWN_BY_GUEST));
  }

  @Test
  void aFullDiskHoldsTheDomain() {
    simulated.start(spec(false));
    simulated.failDisk(id(), PauseReason.DISK_FULL);
    awaitEvent(new DomainPaused(id(), PauseReason.DISK_FULL));
    assertThat(state()).isEqualTo(DomainState.PAUSED);
  }

  @Override
  protected Hypervisor hypervisor() {
    return simulated;
  }

  @Override
  protected Path newDisk(VmId id) {
    Path disk = folder.resolve(id + ".qcow2");
    if (!Files.exists(disk)) {
      Qcow2Child.create(
          disk, 1 << 20, Optional.empty(), CreateOptions.Qcow2.STANDARD, Durability.BUFFERED);
    }
    return disk;
  }

  @Override
  protected void killProcess(VmId id) {
    simulated.end(id, Ending.FAILED);
  }

  @Override
  protected void disconnect() {
    simulated.disconnect();
  }

  @Override
  protected void reconnect() {
    simulated.reconnect();
  }
}
