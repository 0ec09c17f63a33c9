package dev.ratoon.bench.placement;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Groups;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Policy;
import dev.ratoon.placement.Relatives;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.placement.Wishes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/**
 * A fleet of so many hosts in twenty clusters, half full, with 200 base disks in 40 families of
 * five versions, of which a host has about twenty, popular ones more often; and what 500 images of
 * them ask for.
 */
final class LargeFleet {
  private static final int BASES = 200;
  private static final int FAMILY = 5;
  private static final int IMAGES = 500;
  private static final int CLUSTERS = 20;
  private static final int BASES_OF_A_HOST = 20;

  private final Random random = new Random(2026);
  private final long[] sizes = new long[BASES];
  private final int[] baseOfImage = new int[IMAGES];

  LargeFleet() {
    for (int b = 0; b < BASES; b++) {
      sizes[b] = ByteSize.GIB / 2 + random.nextLong(8 * ByteSize.GIB);
    }
    for (int i = 0; i < IMAGES; i++) {
      baseOfImage[i] = i < BASES ? i : zipf(BASES);
    }
  }

  List<HostSnapshot> hosts(int count) {
    List<HostSnapshot> hosts = new ArrayList<>(count);
    for (int h = 0; h < count; h++) {
      hosts.add(host(h));
    }
    return hosts;
  }

  FleetSnapshot fleet(List<HostSnapshot> hosts) {
    return FleetSnapshot.of(
        hosts,
        new FleetSnapshot.Surroundings(
            relatives(), Groups.NONE, Policy.of(PlacementPreset.BALANCE)));
  }

  private HostSnapshot host(int h) {
    int cpus = 32 << random.nextInt(3);
    long memory = cpus * 4L * ByteSize.GIB;
    int vms = random.nextInt(cpus);
    long disk = 4 * ByteSize.TIB;
    Set<DiskId> ready = new HashSet<>();
    while (ready.size() < BASES_OF_A_HOST) {
      ready.add(base(random.nextBoolean() ? zipf(BASES) : random.nextInt(BASES)));
    }
    Map<DiskId, Long> coming = new HashMap<>();
    if (random.nextInt(10) == 0) {
      int b = zipf(BASES);
      coming.put(base(b), random.nextLong(sizes[b]));
    }
    coming.keySet().removeAll(ready);
    return new HostSnapshot(
        new HostId(new UUID(0, h)),
        new EntityName("host-" + h),
        Optional.of(new EntityName("cluster-" + h % CLUSTERS)),
        random.nextInt(4) == 0 ? Set.of("ssd") : Set.of(),
        new HostSnapshot.Standing(
            random.nextInt(200) > 0, random.nextInt(100) == 0, false, Optional.empty()),
        new HostSnapshot.Abilities(
            Optional.of("x86_64"),
            Optional.of(3),
            "kvm",
            true,
            Set.of("default"),
            Set.of("br0", "br" + (1 + h % 3))),
        new HostSnapshot.Room(
            cpus,
            cpus * 4L,
            vms * 2L,
            memory,
            Math.min(memory, vms * 4L * ByteSize.GIB),
            disk,
            disk / 4 + random.nextLong(disk / 2),
            0,
            vms,
            random.nextInt(20) == 0 ? 1 + random.nextInt(4) : 0),
        new HostSnapshot.Bases(
            ready, coming, random.nextBoolean() ? 0 : Policy.GIGABIT * (1 + random.nextInt(9)), 0));
  }

  private Relatives relatives() {
    Map<DiskId, Map<DiskId, Long>> missing = new HashMap<>();
    for (int b = 0; b < BASES; b++) {
      Map<DiskId, Long> of = new HashMap<>();
      for (int r = b / FAMILY * FAMILY; r < (b / FAMILY + 1) * FAMILY; r++) {
        if (r != b) {
          of.put(base(r), sizes[b] / 10 * Math.abs(r - b));
        }
      }
      missing.put(base(b), of);
    }
    return new Relatives(missing);
  }

  VmNeeds request() {
    int b = baseOfImage[zipf(IMAGES)];
    Wishes wishes =
        switch (random.nextInt(10)) {
          case 0, 1 -> Wishes.NONE.in(new EntityName("cluster-" + random.nextInt(CLUSTERS)));
          case 2 -> Wishes.NONE.tagged(Set.of("ssd"));
          default -> Wishes.NONE;
        };
    return new VmNeeds(
        1 << random.nextInt(4),
        ByteSize.GIB << random.nextInt(5),
        64 * ByteSize.MIB,
        0,
        random.nextInt(4) == 0 ? Firmware.UEFI : Firmware.BIOS,
        List.of(new NetworkAttachment.Bridge(random.nextInt(5) == 0 ? "br1" : "br0")),
        Map.of(base(b), sizes[b]),
        wishes);
  }

  private static DiskId base(int b) {
    return new DiskId("%064x".formatted(b + 1));
  }

  /** A number below {@code most}; small ones are much more likely. */
  private int zipf(int most) {
    return (int) Math.min(most - 1, Math.exp(random.nextDouble() * Math.log(most + 1)) - 1);
  }
}
