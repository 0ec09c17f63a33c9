package dev.ratoon.lab.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.lab.life.Steps.Fault;
import dev.ratoon.lab.life.Steps.Taken;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.VmView;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Random operations on a lab fleet from a seed, while agents, hypervisors and the server are killed
 * and cables pulled; then every invariant. {@code -Dratoon.operations=200 -Dratoon.seed=S} for
 * more.
 */
class LifeLabTest {
  private static final int OPERATIONS = Integer.getInteger("ratoon.operations", 12);
  private static final long SEED = Long.getLong("ratoon.seed", 1);
  private static final int HOSTS = 3;
  private static final int ONE_FAULT_IN = 3;
  private static final int LATEST_MILLIS = 3500;
  private static final int LONGEST_AWAY_MILLIS = 6000;
  private static final List<Victim> VICTIMS = List.of(Victim.values());
  private static LifeFleet fleet;

  @BeforeAll
  static void start() {
    fleet = LifeFleet.start(HOSTS);
    fleet.control.ratoon("cache", "policy", "set", "--keep-days", "0");
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  @Test
  void whateverIsDoneAndWhateverFailsEachGuestHasWhatItShallHave() {
    Random random = new Random(SEED);
    LifeModel model = new LifeModel();
    Guests guests = new Guests(fleet);
    RandomLife life = new RandomLife(fleet, model, guests, random);
    Steps steps = new Steps(fleet);
    Invariants invariants = new Invariants(fleet);
    int taken = 0;
    while (taken < OPERATIONS) {
      Optional<Step> step = life.next();
      if (step.isEmpty()) {
        continue;
      }
      taken++;
      Optional<Fault> fault =
          Optional.of(fault(random))
              .filter(_ -> step.get().kind().isPresent() && random.nextInt(ONE_FAULT_IN) == 0);
      Taken how = steps.take(step.get(), fault);
      System.out.printf(
          "%d %s%s: %s%n", taken, step.get(), fault.map(f -> " [" + f + "]").orElse(""), how);
      endDrain();
      invariants.check(model);
    }
    checkContents(model, guests);
    invariants.check(model);
  }

  private static Fault fault(Random random) {
    return new Fault(
        VICTIMS.get(random.nextInt(VICTIMS.size())),
        Duration.ofMillis(random.nextInt(LATEST_MILLIS)),
        Duration.ofMillis(random.nextInt(LONGEST_AWAY_MILLIS)));
  }

  private static void endDrain() {
    fleet.control.hosts().stream()
        .filter(host -> host.draining())
        .forEach(host -> fleet.control.ratoon("host", "drain", host.name().text(), "off"));
  }

  /** One after the other: they share this machine's processors. */
  private static void checkContents(LifeModel model, Guests guests) {
    for (String vm : List.copyOf(model.vms.keySet())) {
      if (fleet.control.vm(vm).state() == VmState.RUNNING) {
        guests.check(vm, model.content(vm));
        fleet.control.ratoon("vm", "stop", vm, "--now");
      } else if (fleet.control.vm(vm).state() == VmState.PAUSED) {
        fleet.control.ratoon("vm", "stop", vm, "--now");
      }
      assertSound(vm);
    }
    for (String vm : List.copyOf(model.vms.keySet())) {
      guests.boots(vm);
      fleet.control.ratoon("vm", "start", vm);
      guests.check(vm, model.content(vm));
      fleet.control.ratoon("vm", "stop", vm, "--now");
    }
  }

  /** Its disk is one file, as QEMU's own tools want it. */
  private static void assertSound(String vm) {
    VmView view = fleet.control.vm(vm);
    String disk = view.disks().getFirst().path().orElseThrow();
    var host = fleet.host(fleet.hostOf(vm));
    host.run("/usr/bin/qemu-img", "check", disk);
    assertThat(host.run("/bin/sh", "-c", "ls /srv/ratoon/vms/" + view.id() + " | grep disk-"))
        .as("disks of %s", vm)
        .hasLineCount(1);
  }
}
