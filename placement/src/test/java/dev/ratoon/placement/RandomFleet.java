package dev.ratoon.placement;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** Fleets and requests of all kinds, as a seed makes them. */
final class RandomFleet {
  private final Random random;
  private final int bases;

  RandomFleet(long seed, int bases) {
    this.random = new Random(seed);
    this.bases = bases;
  }

  FleetSnapshot fleet(int hosts) {
    List<HostSnapshot> all = new ArrayList<>();
    for (int k = 0; k < hosts; k++) {
      all.add(host(k));
    }
    Map<String, Set<HostId>> groups = Map.of("few", Set.of(Fleets.id(0), Fleets.id(hosts)));
    return FleetSnapshot.of(
        all, new FleetSnapshot.Surroundings(relatives(), new Groups(groups), policy()));
  }

  private Policy policy() {
    return new Policy(
        weights(),
        random.nextBoolean() ? Map.of() : Map.of(cluster(0), weights(), cluster(1), weights()),
        random.nextInt(4) == 0 ? Map.of(cluster(0), 3) : Map.of(),
        0.4,
        Policy.GIGABIT,
        Policy.GIGABIT);
  }

  private PlacementWeights weights() {
    PlacementPreset[] presets = PlacementPreset.values();
    return random.nextBoolean()
        ? presets[random.nextInt(presets.length)].weights()
        : new PlacementWeights(
            random.nextInt(3), number(), number(), number(), random.nextInt(3) * 0.1 - 0.1);
  }

  private double number() {
    return random.nextInt(9) - 4;
  }

  private static EntityName cluster(int k) {
    return new EntityName("c" + k);
  }

  private Relatives relatives() {
    Map<DiskId, Map<DiskId, Long>> missing = new HashMap<>();
    for (int b = 0; b < bases; b++) {
      Map<DiskId, Long> of = new HashMap<>();
      for (int r = 0; r < bases; r++) {
        if (r != b && random.nextInt(6) == 0) {
          of.put(Fleets.base(r), random.nextLong(2 * ByteSize.GIB));
        }
      }
      missing.put(Fleets.base(b), of);
    }
    return new Relatives(missing);
  }

  private HostSnapshot host(int k) {
    Fleets.Host host = new Fleets.Host(k);
    if (random.nextInt(3) > 0) {
      host.in("c" + random.nextInt(3));
    }
    host.tags(random.nextInt(3) == 0 ? new String[] {"ssd"} : new String[] {});
    host.standing(random.nextInt(20) > 0, random.nextInt(20) == 0, random.nextInt(30) == 0);
    host.abilities(
        new HostSnapshot.Abilities(
            Optional.of("x86_64"),
            random.nextInt(10) == 0 ? Optional.empty() : Optional.of(2 + random.nextInt(3)),
            "kvm",
            random.nextBoolean(),
            random.nextBoolean() ? Set.of("lan") : Set.of(),
            Set.of()));
    // Round numbers, so that many hosts cost the same.
    long memory = ByteSize.GIB << random.nextInt(3);
    host.memory(memory, memory / 4 * random.nextInt(5));
    host.cpus(4 << random.nextInt(3), 4 + random.nextInt(40), random.nextInt(8));
    host.disk(ByteSize.GIB / 2 * random.nextInt(20));
    host.vms(random.nextInt(4), random.nextInt(2));
    host.link(random.nextInt(3) == 0 ? 0 : (20L << random.nextInt(5)) * ByteSize.MIB);
    for (int b = 0; b < bases; b++) {
      switch (random.nextInt(8)) {
        case 0 -> host.has(Fleets.base(b));
        case 1 -> host.gets(Fleets.base(b), random.nextLong(ByteSize.GIB));
        default -> {}
      }
    }
    return host.get();
  }

  VmNeeds needs(int hosts) {
    Map<DiskId, Long> wanted = new HashMap<>();
    int count = random.nextInt(8) == 0 ? 2 + random.nextInt(2) : random.nextInt(10) == 0 ? 0 : 1;
    for (int i = 0; i < count; i++) {
      // Some that no host has ever seen.
      wanted.put(Fleets.base(random.nextInt(bases + 1)), random.nextLong(2 * ByteSize.GIB));
    }
    return new VmNeeds(
        1 + random.nextInt(3),
        ByteSize.MIB * 128 * (1 + random.nextInt(6)),
        ByteSize.MIB * 64,
        random.nextInt(4) == 0 ? ByteSize.GIB : 0,
        random.nextInt(4) == 0 ? Firmware.UEFI : Firmware.BIOS,
        random.nextInt(4) == 0
            ? List.of(new NetworkAttachment.Network("lan"))
            : List.of(new NetworkAttachment.User()),
        wanted,
        wishes(hosts));
  }

  private Wishes wishes(int hosts) {
    return new Wishes(
        random.nextInt(8) == 0
            ? Set.of(Fleets.id(random.nextInt(hosts)), Fleets.id(hosts))
            : Set.of(),
        random.nextInt(3) == 0 ? Optional.of(cluster(random.nextInt(3))) : Optional.empty(),
        random.nextInt(5) == 0 ? Set.of("ssd") : Set.of(),
        random.nextInt(5) == 0 ? Optional.of("x86_64") : Optional.empty(),
        random.nextInt(5) == 0 ? Optional.of(3) : Optional.empty(),
        Optional.empty(),
        random.nextInt(4) == 0 ? Optional.of(group()) : Optional.empty());
  }

  private Wishes.Group group() {
    return new Wishes.Group(
        random.nextBoolean() ? "few" : "other",
        random.nextBoolean() ? GroupRule.APART : GroupRule.TOGETHER);
  }
}
