package dev.ratoon.placement;

import static dev.ratoon.model.ByteSize.show;

import dev.ratoon.model.HostId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Every hard rule that a host breaks, in words; empty where {@link Costs} finds that it fits. */
final class HostRules {
  private final FleetSnapshot fleet;
  private final Loads loads;

  HostRules(FleetSnapshot fleet) {
    this.fleet = fleet;
    this.loads = fleet.loads();
  }

  List<String> reasonsAgainst(Request request, int host) {
    List<String> reasons = new ArrayList<>();
    HostId id = fleet.host(host).id();
    Wishes wishes = request.needs().wishes();
    if (!wishes.hosts().isEmpty() && !wishes.hosts().contains(id)) {
      reasons.add("is not among the hosts that were named");
    }
    Optional.ofNullable(wishes.ruledOut().get(id)).ifPresent(reasons::add);
    standing(fleet.host(host).standing(), reasons);
    room(request, host, reasons);
    reasons.addAll(
        ShapeRules.reasonsAgainst(Shapes.Demand.of(request.needs()), fleet.shapes().shape(host)));
    GroupHosts group = request.group();
    request
        .needs()
        .wishes()
        .group()
        .filter(g -> group != null && !group.allows(g.rule(), host))
        .ifPresent(g ->
            reasons.add(
                switch (g.rule()) {
                  case APART -> "has a VM of the group '" + g.name() + "', which are kept apart";
                  case TOGETHER -> "the VMs of the group '" + g.name() + "' are elsewhere";
                }));
    return reasons;
  }

  private static void standing(HostSnapshot.Standing standing, List<String> reasons) {
    if (!standing.connected()) {
      reasons.add("its agent does not report");
    }
    if (standing.maintenance()) {
      reasons.add("is under maintenance");
    }
    if (standing.draining()) {
      reasons.add("is being drained");
    }
    standing.problem().ifPresent(p -> reasons.add("its hypervisor cannot be used: " + p.detail()));
  }

  private void room(Request request, int host, List<String> reasons) {
    HostSnapshot.Room room = fleet.host(host).room();
    VmNeeds needs = request.needs();
    long memoryLeft = room.memoryBytes() - loads.memoryReserved(host);
    if (needs.memoryBytes() > memoryLeft) {
      reasons.add(
          "needs %s of memory, %s of %s are left"
              .formatted(
                  show(needs.memoryBytes()),
                  show(Math.max(0, memoryLeft)),
                  show(room.memoryBytes())));
    }
    if (needs.cpus() > room.cpus()) {
      reasons.add("needs %d processors, the host has %d".formatted(needs.cpus(), room.cpus()));
    } else if (needs.cpus() > room.cpuPromises() - loads.cpusReserved(host)) {
      reasons.add(
          "needs %d processors, %d of %d that may be promised are left"
              .formatted(
                  needs.cpus(),
                  Math.max(0, room.cpuPromises() - loads.cpusReserved(host)),
                  room.cpuPromises()));
    }
    long diskLeft = room.diskFreeBytes() - loads.diskReserved(host);
    long diskBytes = needs.diskBytes() + fleet.bytesToCome(host, request);
    if (diskBytes > diskLeft) {
      reasons.add(
          "needs %s of disk space%s, %s are left"
              .formatted(
                  show(diskBytes),
                  diskBytes > needs.diskBytes() ? ", its base disk included" : "",
                  show(Math.max(0, diskLeft))));
    }
  }
}
