package dev.ratoon.placement;

import static dev.ratoon.model.ByteSize.show;

import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Chooses hosts. A host is out if it breaks one hard rule, and then every rule that it breaks is
 * named. Among the others one that has the base disks is preferred, then one to which they are on
 * their way; all else equal, the one with most memory left, so that VMs spread.
 */
public final class Placer {
  private static final Comparator<Candidate> BEST_FIRST =
      Comparator.comparingInt(Candidate::distance)
          .thenComparing(
              Comparator.comparingLong((Candidate c) -> c.host().memoryLeft()).reversed())
          .thenComparing(c -> c.host().id());

  private Placer() {}

  /** Places {@code count} equal VMs on these hosts, or says why not; all of them or none. */
  public static Placement place(VmNeeds needs, int count, List<HostSnapshot> fleet) {
    List<HostSnapshot> hosts = new ArrayList<>(fleet);
    List<HostId> chosen = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Optional<HostSnapshot> best = best(needs, hosts);
      if (best.isEmpty()) {
        return new Placement.Refused(chosen.size(), refusals(needs, hosts));
      }
      chosen.add(best.get().id());
      hosts.replaceAll(h -> h.equals(best.get()) ? h.with(needs) : h);
    }
    return new Placement.Chosen(chosen);
  }

  private record Candidate(HostSnapshot host, int distance) {}

  private static Optional<HostSnapshot> best(VmNeeds needs, List<HostSnapshot> hosts) {
    return hosts.stream()
        .filter(h -> reasonsAgainst(needs, h).isEmpty())
        .map(h -> new Candidate(h, distance(needs, h)))
        .min(BEST_FIRST)
        .map(Candidate::host);
  }

  /** How far the bases are from being there: one on its way is half as far as one that is not. */
  private static int distance(VmNeeds needs, HostSnapshot host) {
    return needs.bases().keySet().stream()
        .mapToInt(base -> host.bases().contains(base) ? 0 : host.coming().contains(base) ? 1 : 2)
        .sum();
  }

  private static List<Placement.Refusal> refusals(VmNeeds needs, List<HostSnapshot> hosts) {
    return hosts.stream()
        .map(h -> new Placement.Refusal(h.name(), reasonsAgainst(needs, h)))
        .toList();
  }

  /** Every hard rule that the host breaks, in words. */
  static List<String> reasonsAgainst(VmNeeds needs, HostSnapshot host) {
    List<String> reasons = new ArrayList<>();
    if (!host.connected()) {
      reasons.add("its agent does not report");
    }
    if (host.maintenance()) {
      reasons.add("is under maintenance");
    }
    host.problem().ifPresent(p -> reasons.add("its hypervisor cannot be used: " + p.detail()));
    if (needs.memoryBytes() > host.memoryLeft()) {
      reasons.add(
          "needs %s of memory, %s of %s are left"
              .formatted(
                  show(needs.memoryBytes()),
                  show(Math.max(0, host.memoryLeft())),
                  show(host.memoryBytes())));
    }
    if (needs.cpus() > host.cpus()) {
      reasons.add("needs %d processors, the host has %d".formatted(needs.cpus(), host.cpus()));
    }
    long diskBytes = host.diskBytes(needs);
    if (diskBytes > host.diskLeft()) {
      String withBases = diskBytes > needs.diskBytes() ? ", its base disk included" : "";
      reasons.add(
          "needs %s of disk space%s, %s are left"
              .formatted(show(diskBytes), withBases, show(Math.max(0, host.diskLeft()))));
    }
    if (needs.firmware() == Firmware.UEFI && !host.uefi()) {
      reasons.add("has no UEFI firmware; Debian's package ovmf brings it");
    }
    for (NetworkAttachment network : needs.networks()) {
      missing(network, host).ifPresent(reasons::add);
    }
    return reasons;
  }

  private static Optional<String> missing(NetworkAttachment network, HostSnapshot host) {
    return switch (network) {
      case NetworkAttachment.User() -> Optional.empty();
      case NetworkAttachment.Network(String name) ->
          host.networks().contains(name)
              ? Optional.empty()
              : Optional.of(
                  "has no active network '" + name + "' (it has: " + listed(host.networks()) + ")");
      case NetworkAttachment.Bridge(String name) ->
          host.bridges().contains(name)
              ? Optional.empty()
              : Optional.of(
                  "has no bridge '" + name + "' (it has: " + listed(host.bridges()) + ")");
    };
  }

  private static String listed(Set<String> names) {
    return names.isEmpty() ? "none" : String.join(", ", names.stream().sorted().toList());
  }
}
