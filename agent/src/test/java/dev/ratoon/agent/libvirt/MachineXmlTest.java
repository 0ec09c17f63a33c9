package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MachineXmlTest {
  private static final String STARTED_HERE =
      new DomainXml(Accelerator.TCG, new FileOwner(0, 0))
          .write(DomainXmlTest.bare(Path.of("/v/console.log")));

  @Test
  void aMachineIsReadFromOneDescriptionAndPutIntoAnother() {
    Machine machine = MachineXml.read(STARTED_HERE);
    assertThat(machine.type()).isEqualTo("pc");
    assertThat(machine.processor()).contains("Nehalem");
    assertThat(machine.hasGuestAgent()).isTrue();

    Machine other = new Machine("pc-i440fx-7.2", machine.processor(), machine.guestAgent());
    assertThat(MachineXml.read(MachineXml.put(STARTED_HERE, other))).isEqualTo(other);
  }

  @Test
  void aGuestThatWasStartedWithoutAChannelGetsNoneOnItsWay() {
    for (Optional<Boolean> said : List.of(Optional.<Boolean>empty(), Optional.of(false))) {
      Machine machine = new Machine("pc-i440fx-7.2", "", said);
      assertThat(MachineXml.put(STARTED_HERE, machine)).doesNotContain("channel");
    }
  }
}
