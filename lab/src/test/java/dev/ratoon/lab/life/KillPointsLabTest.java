package dev.ratoon.lab.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.lab.RatoonHost;
import dev.ratoon.lab.life.KillPoint.Work;
import dev.ratoon.lab.life.Steps.Fault;
import dev.ratoon.lab.life.Steps.Taken;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.VmState;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whoever dies in the middle of whatever: afterwards there is one VM with the right content,
 * nothing is left over, and the operation has ended. {@code -Dratoon.points=1000} for all points,
 * {@code -Dratoon.work=CLONE} and {@code -Dratoon.victim=SERVER} for those of one kind, {@code
 * -Dratoon.seed} for others than those that each build takes.
 */
class KillPointsLabTest {
  private static final int POINTS = Integer.getInteger("ratoon.points", 2);
  private static final long SEED = Long.getLong("ratoon.seed", 1);
  private static final String WORK = System.getProperty("ratoon.work", "");
  private static final String VICTIM = System.getProperty("ratoon.victim", "");
  private static final int HOSTS = 3;
  private static final int SOURCE = 2;

  private static final Duration AWAY = Duration.ofSeconds(2);
  private static LifeFleet fleet;
  private static Guests guests;
  private static Invariants invariants;
  private static Steps steps;
  private static final LifeModel MODEL = new LifeModel();
  private static final Map<Work, Duration> USUAL = new EnumMap<>(Work.class);
  private static int names;

  @BeforeAll
  static void start() {
    fleet = LifeFleet.start(HOSTS);
    fleet.control.ratoon("cache", "policy", "set", "--keep-days", "0", "--pin", "small");
    fleet.control.run("/bin/sh", "-c", "head -c 8M /dev/urandom >/srv/noise.raw");
    fleet.control.ratoon("image", "add", "noise", "/srv/noise.raw", "--memory", "32M");
    guests = new Guests(fleet);
    invariants = new Invariants(fleet);
    steps = new Steps(fleet);
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  static Stream<KillPoint> points() {
    List<KillPoint> all =
        KillPoint.all().stream()
            .filter(point -> WORK.isEmpty() || point.work().name().equals(WORK))
            .filter(point -> VICTIM.isEmpty() || point.victim().name().equals(VICTIM))
            .toList();
    return POINTS >= all.size()
        ? all.stream()
        : KillPoint.some(all, POINTS, new Random(SEED)).stream();
  }

  @ParameterizedTest
  @MethodSource("points")
  void whoeverDiesNothingIsLostAndNothingIsLeft(KillPoint point) {
    Duration usual = USUAL.computeIfAbsent(point.work(), KillPointsLabTest::usual);
    Duration after = usual.multipliedBy(2 * point.moment() + 1).dividedBy(2 * KillPoint.MOMENTS);
    Step step = prepare(point.work());

    Taken taken = steps.take(step, Optional.of(new Fault(point.victim(), after, AWAY)));

    System.out.printf("%s (%d ms): %s%n", point, after.toMillis(), taken);
    look(point.work());
  }

  /** How long the work's operation goes on when nothing fails. */
  private static Duration usual(Work work) {
    Taken taken = steps.take(prepare(work), Optional.empty());
    assertThat(taken.how()).isEqualTo("done");
    look(work);
    Duration took = taken.took().orElseThrow();
    System.out.printf("%s takes %d ms%n", work, took.toMillis());
    return took;
  }

  /** Everything that the work needs, and the work. */
  private static Step prepare(Work work) {
    if (work == Work.CLEAN_UP) {
      leaveBase();
      String host = fleet.name(SOURCE);
      return Step.of(SOURCE, 1, OperationKind.EVICT, "cache clean --yes --host " + host);
    }
    String vm = subject();
    int from = fleet.hostOf(vm);
    int to = from == SOURCE ? HOSTS : SOURCE;
    return switch (work) {
      case LIVE_MIGRATION -> {
        guests.moves(vm);
        yield Step.of(from, to, OperationKind.MIGRATE, migration(vm, to, "--live"));
      }
      case COLD_MIGRATION -> {
        guests.boots(vm);
        yield Step.of(from, to, OperationKind.MIGRATE, migration(vm, to, "--cold --grace 5"));
      }
      case CLONE -> {
        String copy = "copy-" + ++names;
        Content content = MODEL.content(vm);
        yield Step.of(
                from,
                to,
                OperationKind.CLONE,
                "vm clone %s %s --host %s".formatted(vm, copy, fleet.name(to)))
            .makes(copy)
            .then(() -> MODEL.made(copy, content));
      }
      case FLATTEN -> Step.of(from, to, OperationKind.FLATTEN, "vm flatten " + vm);
      case REVERT -> {
        fleet.control.ratoon("vm", "snapshot", "create", vm, "good");
        MODEL.remembered(vm, "good");
        write(vm);
        yield Step.of(
                from, to, OperationKind.REVERT, "vm snapshot revert %s good --stop".formatted(vm))
            .then(() -> MODEL.reverted(vm, "good"));
      }
      case CLEAN_UP -> throw new AssertionError("it is of no VM");
    };
  }

  private static String migration(String vm, int to, String how) {
    String command = "vm migrate %s --to %s %s".formatted(vm, fleet.name(to), how);
    // While the other host still removes what it had of the VM, it is not a place to go to.
    RatoonHost.await(
        vm + " to be free to move",
        () ->
            Optional.of(fleet.control.tryRatoon((command + " --dry-run").split(" ")))
                .filter(said -> said.exit() == 0));
    return command;
  }

  /** The VM to which it happens: one that runs, and has written something. */
  private static String subject() {
    if (MODEL.vms.isEmpty()) {
      String vm = "vm-" + ++names;
      fleet.control.ratoon("vm", "deploy", vm, "--image", "small", "--host", fleet.name(SOURCE));
      MODEL.made(vm, Content.NOTHING);
      write(vm);
    }
    return MODEL.vms.keySet().iterator().next();
  }

  private static void write(String vm) {
    int mark = ++names;
    guests.write(vm, mark);
    MODEL.made(vm, MODEL.content(vm).with(mark));
  }

  /** Lets a base that nothing needs be on the source. */
  private static void leaveBase() {
    if (fleet.fleet.replica("noise", SOURCE).isPresent()) {
      return;
    }
    String host = fleet.name(SOURCE);
    DiskId noise = fleet.fleet.base("noise").diskId();
    fleet.control.ratoon("vm", "deploy", "user", "--image", "noise", "--host", host, "--paused");
    fleet.control.ratoon("vm", "delete", "user", "--yes");
    fleet.control.ratoon("vm", "purge", "user", "--yes");
    RatoonHost.await(
        "the base to be free to go",
        () ->
            fleet.control.cachePlan().stream()
                .filter(cache -> cache.cache().equals(host))
                .flatMap(cache -> cache.bases().stream())
                .filter(base -> base.leaves() && base.diskId().equals(noise))
                .findFirst());
  }

  private static void look(Work work) {
    invariants.check(MODEL);
    if (work == Work.CLEAN_UP) {
      lookAtBase();
      return;
    }
    for (String vm : List.copyOf(MODEL.vms.keySet())) {
      if (work == Work.REVERT) {
        guests.boots(vm);
      }
      if (work == Work.REVERT || vm.startsWith("copy-")) {
        fleet.control.tryRatoon("vm", "start", vm);
      }
      RatoonHost.await(
          vm + " to run",
          () -> Optional.of(fleet.control.vm(vm)).filter(v -> v.state() == VmState.RUNNING));
      MODEL.made(vm, guests.check(vm, MODEL.content(vm)));
    }
    invariants.check(MODEL);
    if (!work.equals(Work.LIVE_MIGRATION) && !work.equals(Work.COLD_MIGRATION)) {
      for (String vm : List.copyOf(MODEL.vms.keySet())) {
        fleet.control.ratoon("vm", "delete", vm, "--yes");
        MODEL.deleted(vm);
        fleet.control.ratoon("vm", "purge", vm, "--yes");
        MODEL.purged(vm);
      }
      invariants.check(MODEL);
    }
  }

  /** It is there and whole, or gone; and what is there goes next time. */
  private static void lookAtBase() {
    if (fleet.fleet.replica("noise", SOURCE).isPresent()) {
      assertThat(fleet.fleet.sha256("noise", SOURCE)).isEqualTo(fleet.fleet.sha256("noise", 1));
      fleet.control.ratoon("cache", "clean", "--yes", "--host", fleet.name(SOURCE));
      assertThat(fleet.fleet.replica("noise", SOURCE)).isEmpty();
    }
    String id = fleet.fleet.base("noise").diskId().toString();
    assertThat(fleet.host(SOURCE).run("/bin/ls", "-A", "/srv/ratoon/cache")).doesNotContain(id);
  }
}
