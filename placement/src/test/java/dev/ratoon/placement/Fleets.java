package dev.ratoon.placement;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Hosts, VMs and fleets for tests. */
final class Fleets {
  private Fleets() {}

  static DiskId base(int k) {
    return new DiskId("%064x".formatted(k + 1));
  }

  static HostId id(int k) {
    return new HostId(new UUID(0, k));
  }

  static FleetSnapshot fleet(Policy policy, HostSnapshot... hosts) {
    return FleetSnapshot.of(List.of(hosts), FleetSnapshot.Surroundings.of(policy));
  }

  static VmNeeds vm(long memoryBytes, DiskId... bases) {
    return vm(memoryBytes, Wishes.NONE, bases);
  }

  static VmNeeds vm(long memoryBytes, Wishes wishes, DiskId... bases) {
    Map<DiskId, Long> sizes = new HashMap<>();
    for (DiskId base : bases) {
      sizes.put(base, ByteSize.GIB);
    }
    return new VmNeeds(
        1,
        memoryBytes,
        64 * ByteSize.MIB,
        0,
        Firmware.BIOS,
        List.of(new NetworkAttachment.User()),
        sizes,
        wishes);
  }

  /** A host that is made step by step. */
  static final class Host {
    private final int k;
    private Optional<EntityName> cluster = Optional.empty();
    private Set<String> tags = Set.of();
    private HostSnapshot.Standing standing = HostSnapshot.Standing.READY;
    private HostSnapshot.Abilities abilities =
        new HostSnapshot.Abilities(
            Optional.of("x86_64"), Optional.of(3), "kvm", true, Set.of("default"), Set.of());
    private int cpus = 8;
    private long cpuPromises = 1000;
    private long cpusReserved;
    private long memory = 64 * ByteSize.GIB;
    private long memoryReserved;
    private long diskFree = 100 * ByteSize.GIB;
    private int vms;
    private int starting;
    private long bytesPerSecond;
    private final Set<DiskId> ready = new HashSet<>();
    private final Map<DiskId, Long> coming = new HashMap<>();

    Host(int k) {
      this.k = k;
    }

    Host in(String name) {
      cluster = Optional.of(new EntityName(name));
      return this;
    }

    Host tags(String... names) {
      tags = Set.of(names);
      return this;
    }

    Host standing(boolean connected, boolean maintenance, boolean draining) {
      standing = new HostSnapshot.Standing(connected, maintenance, draining, standing.problem());
      return this;
    }

    Host problem(Problem problem) {
      standing = new HostSnapshot.Standing(true, false, false, Optional.of(problem));
      return this;
    }

    Host abilities(HostSnapshot.Abilities others) {
      abilities = others;
      return this;
    }

    Host cpus(int count, long promises, long reserved) {
      cpus = count;
      cpuPromises = promises;
      cpusReserved = reserved;
      return this;
    }

    Host memory(long bytes, long reserved) {
      memory = bytes;
      memoryReserved = reserved;
      return this;
    }

    Host disk(long freeBytes) {
      diskFree = freeBytes;
      return this;
    }

    Host vms(int count, int ofThemStarting) {
      vms = count;
      starting = ofThemStarting;
      return this;
    }

    Host link(long bytes) {
      bytesPerSecond = bytes;
      return this;
    }

    Host has(DiskId... bases) {
      ready.addAll(List.of(bases));
      return this;
    }

    Host gets(DiskId base, long bytesToCome) {
      coming.put(base, bytesToCome);
      return this;
    }

    HostSnapshot get() {
      return new HostSnapshot(
          id(k),
          new EntityName("h" + k),
          cluster,
          tags,
          standing,
          abilities,
          new HostSnapshot.Room(
              cpus,
              cpuPromises,
              cpusReserved,
              memory,
              memoryReserved,
              Math.max(diskFree, 200 * ByteSize.GIB),
              diskFree,
              0,
              vms,
              starting),
          new HostSnapshot.Bases(ready, coming, bytesPerSecond, 0));
    }
  }
}
