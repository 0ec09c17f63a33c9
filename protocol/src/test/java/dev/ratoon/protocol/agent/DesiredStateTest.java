package dev.ratoon.protocol.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DesiredStateTest {
  private static final DesiredState KNOWN =
      new DesiredState(
          "fleet", 5, List.of(vm(1, 1, DesiredPower.RUNNING), vm(2, 1, DesiredPower.RUNNING)));

  @Test
  void aStateThatSaysAllStandsAlone() {
    DesiredState all = new DesiredState("fleet", 6, List.of(vm(3, 1, DesiredPower.RUNNING)));

    assertThat(all.onto(KNOWN)).contains(all);
  }

  @Test
  void whatHasChangedTakesItsPlaceAndTheRestStays() {
    DesiredVm stopped = vm(1, 1, DesiredPower.STOPPED);
    DesiredVm fresh = vm(3, 1, DesiredPower.RUNNING);

    assertThat(changes("fleet", 5, stopped, fresh).onto(KNOWN))
        .contains(
            new DesiredState("fleet", 6, List.of(stopped, vm(2, 1, DesiredPower.RUNNING), fresh)));
  }

  @Test
  void whatHasChangedSinceAnotherStateIsNotTaken() {
    assertThat(changes("fleet", 4).onto(KNOWN)).isEmpty();
    assertThat(changes("another", 5).onto(KNOWN)).isEmpty();
  }

  @Test
  void whatIsToBePurgedIsSaidAgainUntilItIsGone() {
    DesiredVm going = vm(1, 1, DesiredPower.PURGED);
    DesiredState told = changes("fleet", 5, going).onto(KNOWN).orElseThrow();
    assertThat(told.vms()).containsExactly(going, vm(2, 1, DesiredPower.RUNNING));

    assertThat(changes("fleet", 6).onto(told).orElseThrow().vms())
        .containsExactly(vm(2, 1, DesiredPower.RUNNING));
  }

  private static DesiredState changes(String incarnation, long since, DesiredVm... changed) {
    return new DesiredState(
        incarnation,
        since + 1,
        List.of(changed),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        Optional.of(since));
  }

  private static DesiredVm vm(int number, long epoch, DesiredPower power) {
    return new DesiredVm(
        new VmId(new UUID(3, number)),
        "tenant",
        new EntityName("vm-" + number),
        epoch,
        power,
        1,
        0,
        1,
        1 << 20,
        Firmware.BIOS,
        RestartPolicy.ALWAYS,
        List.of(),
        List.of(),
        CloudInit.NONE);
  }
}
