package dev.ratoon.protocol.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DesiredStateTest {
  private static final List<DesiredPower> POWERS = List.of(DesiredPower.values());
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

    assertThat(changes(Map.of(1, 1L, 2, 1L, 3, 1L), stopped, fresh).onto(KNOWN))
        .contains(
            new DesiredState("fleet", 6, List.of(stopped, vm(2, 1, DesiredPower.RUNNING), fresh)));
  }

  @Test
  void aVmThatIsNotThereAnyMoreIsNotTakenForOne() {
    assertThat(changes(Map.of(1, 1L)).onto(KNOWN)).isEmpty();
    assertThat(changes(Map.of(1, 1L, 2, 1L, 3, 1L)).onto(KNOWN)).isEmpty();
    assertThat(changes(Map.of(1, 1L, 2, 2L)).onto(KNOWN)).isEmpty();
  }

  @Test
  void whatIsToBePurgedIsSaidAgainUntilItIsGone() {
    DesiredVm going = vm(1, 1, DesiredPower.PURGED);
    DesiredState told = changes(Map.of(2, 1L), going).onto(KNOWN).orElseThrow();
    assertThat(told.vms()).containsExactly(going, vm(2, 1, DesiredPower.RUNNING));

    assertThat(changes(Map.of(2, 1L)).onto(told).orElseThrow().vms())
        .containsExactly(vm(2, 1, DesiredPower.RUNNING));
  }

  /** Whatever changes, a host that is told of changes knows what one knows that is told all. */
  @Test
  void changesLeadToTheWhole() {
    for (long seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      Map<Integer, DesiredVm> wanted = new LinkedHashMap<>();
      DesiredState host = new DesiredState("fleet", 0, List.of());
      for (long revision = 1; revision < 60; revision++) {
        Map<Integer, DesiredVm> before = new HashMap<>(wanted);
        for (int n = 0; n < random.nextInt(3); n++) {
          change(wanted, random);
        }
        host = told(wanted, before, host, revision);
        assertThat(host.vms())
            .as("seed " + seed)
            .containsExactlyInAnyOrderElementsOf(wanted.values());
      }
    }
  }

  private static void change(Map<Integer, DesiredVm> wanted, Random random) {
    int number = random.nextInt(8);
    DesiredVm now = wanted.get(number);
    DesiredPower power = POWERS.get(random.nextInt(POWERS.size()));
    if (now == null) {
      wanted.put(number, vm(number, 1, DesiredPower.RUNNING));
    } else if (random.nextInt(4) == 0) {
      wanted.remove(number);
    } else {
      wanted.put(number, vm(number, now.epoch() + random.nextInt(2), power));
    }
  }

  private static DesiredState told(
      Map<Integer, DesiredVm> wanted,
      Map<Integer, DesiredVm> before,
      DesiredState host,
      long revision) {
    Map<Integer, Long> epochs = new HashMap<>();
    List<DesiredVm> changed = new ArrayList<>();
    wanted.forEach((number, vm) -> {
      if (vm.power() != DesiredPower.PURGED) {
        epochs.put(number, vm.epoch());
      }
      if (vm.power() == DesiredPower.PURGED || !vm.equals(before.get(number))) {
        changed.add(vm);
      }
    });
    return changes(epochs, changed.toArray(DesiredVm[]::new))
        .onto(host)
        .orElseGet(() -> new DesiredState("fleet", revision, List.copyOf(wanted.values())));
  }

  private static DesiredState changes(Map<Integer, Long> epochs, DesiredVm... changed) {
    Map<VmId, Long> all = new HashMap<>();
    epochs.forEach((number, epoch) -> all.put(id(number), epoch));
    return new DesiredState(
        "fleet",
        6,
        List.of(changed),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        Optional.of(Roster.of(all)));
  }

  private static VmId id(int number) {
    return new VmId(new UUID(3, number));
  }

  private static DesiredVm vm(int number, long epoch, DesiredPower power) {
    return new DesiredVm(
        id(number),
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
