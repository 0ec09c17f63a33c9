package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Workload.Request;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.Problem;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Groups;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Placer;
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
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Ratoon's placement, used as the server uses it on a large fleet: on a snapshot that is a second
 * old at most, in which what is placed meanwhile takes its room. The library's machine is one of
 * the hosts, one that takes no VMs.
 */
final class Engine implements Strategy {
  private static final double FRESH_SECONDS = 1;
  private static final Problem NO_HYPERVISOR =
      Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "looking for its hypervisor");

  private final Catalogue catalogue;
  private final Arrivals arrivals;
  private final FleetSnapshot.Surroundings around;
  private @Nullable FleetSnapshot snapshot;
  private double madeAt;
  private final Map<Integer, Seen> seen = new HashMap<>();

  private record Seen(int changes, HostSnapshot snapshot) {}

  Engine(Catalogue catalogue, Arrivals arrivals, PlacementPreset preset) {
    this.catalogue = catalogue;
    this.arrivals = arrivals;
    this.around =
        new FleetSnapshot.Surroundings(
            new Relatives(catalogue.missing()), Groups.NONE, Policy.of(preset));
  }

  @Override
  public Optional<Host> choose(Fleet fleet, Request request) {
    VmNeeds needs = needs(request);
    FleetSnapshot kept = snapshot;
    if (kept != null && fleet.now() - madeAt < FRESH_SECONDS) {
      Optional<Host> host = chosen(fleet, kept, needs).filter(chosen -> chosen.fits(request));
      if (host.isPresent()) {
        return host;
      }
    }
    FleetSnapshot fresh = look(fleet);
    snapshot = fresh;
    madeAt = fleet.now();
    return chosen(fleet, fresh, needs);
  }

  private static Optional<Host> chosen(Fleet fleet, FleetSnapshot snapshot, VmNeeds needs) {
    return new Placer(snapshot)
        .choose(needs)
        .map(id -> fleet.hosts().get((int) id.uuid().getLeastSignificantBits()));
  }

  private static VmNeeds needs(Request request) {
    return new VmNeeds(
        request.cpus(),
        request.memoryBytes(),
        0,
        0,
        Firmware.BIOS,
        List.of(),
        Map.of(request.base().id(), request.base().bytes()),
        Wishes.NONE);
  }

  private FleetSnapshot look(Fleet fleet) {
    List<HostSnapshot> hosts = new ArrayList<>();
    fleet.hosts().forEach(host -> hosts.add(seen(host)));
    hosts.add(library(hosts.size()));
    return FleetSnapshot.of(hosts, around);
  }

  private HostSnapshot seen(Host host) {
    Seen before = seen.get(host.number);
    if (before != null
        && before.changes() == host.changes()
        && before.snapshot().bases().coming().isEmpty()) {
      return before.snapshot();
    }
    HostSnapshot now = look(host);
    seen.put(host.number, new Seen(host.changes(), now));
    return now;
  }

  private HostSnapshot look(Host host) {
    Set<DiskId> ready = new HashSet<>();
    Map<DiskId, Long> coming = new HashMap<>();
    for (Host.Held held : host.held()) {
      if (held.arrival == null) {
        ready.add(held.base.id());
      } else {
        coming.put(held.base.id(), (long) arrivals.leftBytes(held.arrival));
      }
    }
    return host(
        host.number,
        HostSnapshot.Standing.READY,
        new HostSnapshot.Room(
            Host.CPUS,
            (long) Host.CPUS * Host.CPU_RATIO,
            host.cpus(),
            Host.MEMORY_BYTES,
            host.memoryBytes(),
            host.cacheBytes(),
            host.freeBytes(),
            0,
            host.vms(),
            host.starting()),
        new HostSnapshot.Bases(ready, coming, 0, 0));
  }

  private HostSnapshot library(int number) {
    Set<DiskId> all =
        catalogue.bases().stream().map(Catalogue.Base::id).collect(Collectors.toSet());
    return host(
        number,
        new HostSnapshot.Standing(true, false, false, Optional.of(NO_HYPERVISOR)),
        new HostSnapshot.Room(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        new HostSnapshot.Bases(all, Map.of(), 0, 0));
  }

  private static HostSnapshot host(
      int number,
      HostSnapshot.Standing standing,
      HostSnapshot.Room room,
      HostSnapshot.Bases bases) {
    return new HostSnapshot(
        new HostId(new UUID(0, number)),
        new EntityName("host-" + number),
        Optional.empty(),
        Set.of(),
        standing,
        new HostSnapshot.Abilities(
            Optional.empty(), Optional.empty(), "kvm", false, Set.of(), Set.of()),
        room,
        bases);
  }
}
