package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.MemberTable.Member;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Clusters say with which version of QEMU's machines guests are started on their hosts. */
record PinnedMachines(Hosts hosts, Map<EntityName, GuestHardware> clusters) {

  static PinnedMachines of(Hosts hosts, Settings settings) {
    return new PinnedMachines(hosts, settings.placementOrDefault().hardware());
  }

  /** The hosts that have not what their cluster says, each with that in words. */
  Map<HostId, String> ruledOut(Firmware firmware) {
    Map<HostId, String> out = new HashMap<>();
    if (clusters.values().stream().anyMatch(hardware -> hardware.machine().isPresent())) {
      for (Hosts.Seen each : hosts.any()) {
        reasonAgainst(each.report(), firmware).ifPresent(why -> out.put(each.report().id(), why));
      }
    }
    return out;
  }

  /** One that does not tell its machines is asked by nobody before it starts a guest. */
  private Optional<String> reasonAgainst(HostReport host, Firmware firmware) {
    List<String> has = host.facts().machines();
    return hosts
        .member(host.id())
        .flatMap(Member::cluster)
        .flatMap(cluster -> Optional.ofNullable(clusters.get(cluster)))
        .flatMap(hardware -> hardware.machineOf(firmware))
        .filter(type -> !has.isEmpty() && !has.contains(type))
        .map(type -> "its QEMU has no machine " + type + ", which its cluster is set to");
  }
}
