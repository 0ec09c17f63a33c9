package dev.ratoon.lab.life;

import dev.ratoon.model.OperationKind;
import dev.ratoon.model.VmState;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Draws what is done next to a fleet. Few VMs, so that layers grow on layers; what is possible only
 * of a VM that runs, or does not, is mostly asked of such a one.
 */
final class RandomLife {
  private static final int MOST_VMS = 5;
  private static final int MOST_RUNNING = 3;
  private static final int MOST_IMAGES = 4;
  private static final int MOST_MARKS = 6;
  private static final int MOST_SNAPSHOTS = 3;

  private static final List<Kind> KINDS = List.of(Kind.values());

  private final LifeFleet fleet;
  private final LifeModel model;
  private final Guests guests;
  private final Random random;
  private int names;

  RandomLife(LifeFleet fleet, LifeModel model, Guests guests, Random random) {
    this.fleet = fleet;
    this.model = model;
    this.guests = guests;
    this.random = random;
  }

  /**
   * What comes next: empty where a guest has written something meanwhile, or nothing is possible.
   */
  Optional<Step> next() {
    if (model.vms.size() < 2) {
      return Optional.of(deploy());
    }
    String vm = any(List.copyOf(model.vms.keySet()));
    boolean runs = fleet.control.vm(vm).state() == VmState.RUNNING;
    return switch (any(KINDS)) {
      case WRITE, WRITE_AGAIN -> write(vm, runs);
      case DEPLOY -> Optional.of(deploy()).filter(_ -> room());
      case CLONE -> Optional.of(copy(vm, "")).filter(_ -> room());
      case FULL_CLONE -> Optional.of(copy(vm, " --full")).filter(_ -> room());
      case START_OR_STOP -> startOrStop(vm, runs);
      case SNAPSHOT -> snapshot(vm);
      case REVERT -> revert(vm);
      case FORGET -> forget(vm);
      case IMAGE -> image(vm);
      case FLATTEN -> on(vm, OperationKind.FLATTEN, "vm flatten " + vm, () -> {});
      case REBASE -> rebase(vm, runs);
      case MIGRATE, MIGRATE_AGAIN -> Optional.of(migrate(vm, runs));
      case DRAIN -> Optional.of(drain(fleet.hostOf(vm)));
      case DELETE ->
          on(
                  vm,
                  OperationKind.DELETE,
                  "vm delete " + vm + " --yes",
                  () -> {
                    guests.boots(vm);
                    model.deleted(vm);
                  })
              .filter(_ -> model.vms.size() == MOST_VMS);
      case UNDELETE_OR_PURGE -> fromTrash();
      case CLEAN ->
          Optional.of(Step.of(fleet.hostOf(vm), 1, OperationKind.EVICT, "cache clean --yes"));
    };
  }

  private enum Kind {
    WRITE,
    WRITE_AGAIN,
    DEPLOY,
    CLONE,
    FULL_CLONE,
    START_OR_STOP,
    SNAPSHOT,
    REVERT,
    FORGET,
    IMAGE,
    FLATTEN,
    REBASE,
    MIGRATE,
    MIGRATE_AGAIN,
    DRAIN,
    DELETE,
    UNDELETE_OR_PURGE,
    CLEAN
  }

  /** Of an operation on a VM where it is. */
  private Optional<Step> on(String vm, OperationKind kind, String command, Runnable whenDone) {
    int host = fleet.hostOf(vm);
    return Optional.of(Step.of(host, other(host), kind, command).then(whenDone));
  }

  private Optional<Step> write(String vm, boolean runs) {
    if (runs) {
      Content content = model.content(vm);
      if (content.marks().size() < MOST_MARKS) {
        int mark = ++names;
        guests.write(vm, mark);
        model.made(vm, content.with(mark));
      } else {
        int mark = any(List.copyOf(content.marks()));
        guests.erase(vm, mark);
        model.made(vm, content.without(mark));
      }
    }
    return Optional.empty();
  }

  private Step deploy() {
    String vm = "vm-" + ++names;
    String image = any(List.copyOf(model.images.keySet()));
    Content content = model.ofImage(image);
    int host = 1 + random.nextInt(fleet.size());
    return Step.of(
            host,
            other(host),
            OperationKind.DEPLOY,
            "vm deploy %s --image %s --host %s%s".formatted(vm, image, fleet.name(host), held()))
        .makes(vm)
        .then(() -> model.made(vm, content));
  }

  private Step copy(String origin, String how) {
    String vm = "vm-" + ++names;
    Content content = model.content(origin);
    int from = fleet.hostOf(origin);
    int to = 1 + random.nextInt(fleet.size());
    return Step.of(
            from,
            to,
            OperationKind.CLONE,
            "vm clone %s %s%s --host %s%s".formatted(origin, vm, how, fleet.name(to), held()))
        .makes(vm)
        .then(() -> model.made(vm, content));
  }

  /** Guests share this machine's processors. */
  private String held() {
    return running() < MOST_RUNNING ? "" : " --paused";
  }

  private long running() {
    return fleet.control.vms().stream().filter(vm -> vm.state() == VmState.RUNNING).count();
  }

  private Optional<Step> startOrStop(String vm, boolean runs) {
    if (runs) {
      guests.boots(vm);
      String how = random.nextBoolean() ? " --now" : " --grace 5";
      return on(vm, OperationKind.STOP, "vm stop " + vm + how, () -> {});
    }
    return on(vm, OperationKind.START, "vm start " + vm, () -> {})
        .filter(_ -> running() < MOST_RUNNING);
  }

  private Optional<Step> snapshot(String vm) {
    String name = "s" + ++names;
    return on(
            vm,
            OperationKind.SNAPSHOT,
            "vm snapshot create %s %s".formatted(vm, name),
            () -> model.remembered(vm, name))
        .filter(_ -> model.snapshotsOf(vm).size() < MOST_SNAPSHOTS);
  }

  private Optional<Step> revert(String vm) {
    return anySnapshot(vm)
        .flatMap(name -> {
          guests.boots(vm);
          return on(
              vm,
              OperationKind.REVERT,
              "vm snapshot revert %s %s --stop".formatted(vm, name),
              () -> model.reverted(vm, name));
        });
  }

  private Optional<Step> forget(String vm) {
    return anySnapshot(vm)
        .map(name ->
            Step.atOnce(
                "vm snapshot delete %s %s".formatted(vm, name),
                () -> model.snapshotsOf(vm).remove(name)));
  }

  private Optional<String> anySnapshot(String vm) {
    List<String> snapshots = List.copyOf(model.snapshotsOf(vm).keySet());
    return snapshots.isEmpty() ? Optional.empty() : Optional.of(any(snapshots));
  }

  /** A new one, or one less where there are many. */
  private Optional<Step> image(String vm) {
    if (model.images.size() == MOST_IMAGES) {
      String old = any(model.images.keySet().stream().filter(i -> !i.equals("small")).toList());
      return Optional.of(Step.atOnce("image delete " + old, () -> model.images.remove(old)));
    }
    String image = "image-" + ++names;
    Content content = model.content(vm);
    return on(
        vm,
        OperationKind.CREATE_IMAGE,
        "image create %s --from-vm %s".formatted(image, vm),
        () -> model.images.put(image, content));
  }

  private Optional<Step> rebase(String vm, boolean runs) {
    if (runs) {
      return Optional.empty();
    }
    String image = any(List.copyOf(model.images.keySet()));
    Content content = model.ofImage(image);
    boolean discard = random.nextInt(3) == 0;
    String how = discard ? "--discard" : "--keep-content";
    return on(
        vm,
        OperationKind.REBASE,
        "vm rebase %s --image %s %s".formatted(vm, image, how),
        () -> {
          if (discard) {
            model.made(vm, content);
          }
        });
  }

  private Step migrate(String vm, boolean runs) {
    int from = fleet.hostOf(vm);
    int to = other(from);
    boolean live = runs && random.nextBoolean();
    prepare(vm, live);
    String how = live ? " --live" : runs ? " --cold --grace 5" : "";
    return Step.of(
        from,
        to,
        OperationKind.MIGRATE,
        "vm migrate %s --to %s%s".formatted(vm, fleet.name(to), how));
  }

  private Step drain(int host) {
    boolean live = random.nextBoolean();
    fleet.control.vms().stream()
        .filter(vm -> vm.state() == VmState.RUNNING)
        .map(vm -> vm.name().text())
        .filter(vm -> fleet.hostOf(vm) == host)
        .forEach(vm -> prepare(vm, live));
    String how = live ? "--live" : "--cold";
    return Step.of(
        host,
        other(host),
        OperationKind.MIGRATE,
        "host drain %s %s".formatted(fleet.name(host), how));
  }

  private void prepare(String vm, boolean live) {
    if (live) {
      guests.moves(vm);
    } else {
      guests.boots(vm);
    }
  }

  private Optional<Step> fromTrash() {
    if (model.trash.isEmpty()) {
      return Optional.empty();
    }
    String vm = any(List.copyOf(model.trash.keySet()));
    boolean back = random.nextBoolean() && room();
    OperationKind kind = back ? OperationKind.UNDELETE : OperationKind.PURGE;
    String command = back ? "vm undelete " + vm : "vm purge " + vm + " --yes";
    Runnable change = back ? () -> model.undeleted(vm) : () -> model.purged(vm);
    return Optional.of(Step.of(1, 1, kind, command).then(change));
  }

  private boolean room() {
    return model.vms.size() < MOST_VMS;
  }

  private int other(int host) {
    return 1 + (host + random.nextInt(fleet.size() - 1)) % fleet.size();
  }

  private <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }
}
