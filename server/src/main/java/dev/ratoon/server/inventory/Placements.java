package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.PlacementWeights;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Groups;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.placement.Policy;
import dev.ratoon.placement.Relatives;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.placement.Wishes;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.api.PlacementSettings;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.Promised;
import dev.ratoon.server.store.Transaction;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The fleet as placement needs it: what hosts reported, what was promised, what operators set. */
record Placements(Hosts hosts) {

  /** All hosts. */
  List<HostSnapshot> snapshots(Transaction tx, Settings settings) {
    List<Hosts.Seen> seen = List.copyOf(hosts.any());
    HostSnapshots snapshots =
        new HostSnapshots(
            tx.vms().promised(),
            tx.placement().starting(),
            settings,
            seen.stream().map(Hosts.Seen::report).toList());
    return seen.stream().map(host -> snapshot(snapshots, host)).toList();
  }

  /**
   * Some hosts as they are now; what their links carry is left out.
   *
   * @param promises what they were promised for; those without any may be left out
   */
  List<HostSnapshot> snapshots(
      Map<HostId, Promised> promises, Settings settings, Set<HostId> some) {
    Map<HostId, Integer> starting = new HashMap<>();
    promises.forEach((host, promised) -> starting.put(host, promised.starting()));
    HostSnapshots snapshots = new HostSnapshots(promises, starting, settings, List.of());
    return some.stream()
        .flatMap(host -> hosts.find(host).stream())
        .map(host -> snapshot(snapshots, host))
        .toList();
  }

  private HostSnapshot snapshot(HostSnapshots snapshots, Hosts.Seen host) {
    Optional<Member> member = hosts.member(host.report().id());
    return snapshots.of(
        host.report(),
        new HostSnapshots.Said(
            member.flatMap(Member::cluster),
            member.map(m -> Set.copyOf(m.tags())).orElse(Set.of()),
            member.flatMap(Member::limitBytesPerSecond)),
        new HostSnapshot.Standing(
            hosts.connected(host),
            member.filter(Member::maintenance).isPresent(),
            member.filter(Member::draining).isPresent(),
            hosts.problem(host)));
  }

  /** What VMs of this kind need, and where they may not go. */
  VmNeeds needs(Transaction tx, Blueprint blueprint, Settings settings) {
    Wishes wishes = wishes(blueprint.request().place());
    boolean chosen =
        blueprint.disks().stream().anyMatch(disk -> disk.made().parentPath().isPresent());
    Map<HostId, String> out = PinnedMachines.of(hosts, settings).ruledOut(blueprint.firmware());
    if (chosen) {
      ParentPaths.of(tx, hosts).ruledOut(blueprint.disks()).forEach(out::putIfAbsent);
    }
    return blueprint.needs(out.isEmpty() ? wishes : wishes.without(out));
  }

  /** The fleet of these hosts, for VMs that need this. */
  FleetSnapshot fleet(
      Transaction tx, String tenant, VmNeeds needs, List<HostSnapshot> all, Settings settings) {
    Groups groups =
        needs
            .wishes()
            .group()
            .map(group ->
                new Groups(
                    Map.of(
                        group.name(), tx.placement().group(tenant, new EntityName(group.name())))))
            .orElse(Groups.NONE);
    return FleetSnapshot.of(
        all,
        new FleetSnapshot.Surroundings(
            new Relatives(tx.placement().kin(needs.bases().keySet())),
            groups,
            policy(settings.placementOrDefault())));
  }

  /** The fleet of these hosts, for VMs of all kinds that belong to no group. */
  FleetSnapshot fleet(Transaction tx, List<HostSnapshot> all, Settings settings) {
    return FleetSnapshot.of(
        all,
        new FleetSnapshot.Surroundings(
            new Relatives(tx.placement().kin()),
            Groups.NONE,
            policy(settings.placementOrDefault())));
  }

  /** The same where what bases have of each other does not matter. */
  FleetSnapshot fleet(List<HostSnapshot> some, Settings settings) {
    return FleetSnapshot.of(
        some, FleetSnapshot.Surroundings.of(policy(settings.placementOrDefault())));
  }

  private static Policy policy(PlacementSettings settings) {
    Map<EntityName, PlacementWeights> weights = new HashMap<>();
    Map<EntityName, Integer> baselines = new HashMap<>();
    for (PlacementSettings.Cluster cluster : settings.clusters()) {
      cluster.weights().ifPresent(own -> weights.put(cluster.name(), own));
      cluster.cpuLevel().ifPresent(level -> baselines.put(cluster.name(), level));
    }
    Policy usual = Policy.of(settings.weightsOrDefault());
    return new Policy(
        usual.weights(),
        weights,
        baselines,
        usual.startSeconds(),
        settings.bytesPerSecond() == 0 ? usual.bytesPerSecond() : settings.bytesPerSecond(),
        usual.copyBytesPerSecond());
  }

  /**
   * What a user asks for, with hosts known by their ids.
   *
   * @throws RatoonException {@link ErrorCode#NOT_FOUND} if a host or cluster does not exist
   */
  Wishes wishes(Optional<PlaceRequest> place) {
    return place.map(this::wishes).orElse(Wishes.NONE);
  }

  private Wishes wishes(PlaceRequest place) {
    Set<HostId> named = new HashSet<>();
    for (String name : place.hosts()) {
      named.add(host(name));
    }
    place.cluster().ifPresent(this::requireCluster);
    return new Wishes(
        named,
        place.cluster(),
        Set.copyOf(place.tags()),
        place.architecture(),
        place.cpuLevel(),
        place.accelerator(),
        place.group().map(name -> new Wishes.Group(name.text(), place.rule().orElseThrow())));
  }

  private HostId host(String name) {
    return hosts.any().stream()
        .map(Hosts.Seen::report)
        .filter(host -> host.name().text().equals(name) || host.id().toString().equals(name))
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the host " + name)
                .next("'ratoon host list' shows those that exist.")
                .asException())
        .id();
  }

  private void requireCluster(EntityName name) {
    boolean exists =
        hosts.any().stream()
            .anyMatch(host ->
                hosts
                    .member(host.report().id())
                    .flatMap(Member::cluster)
                    .equals(Optional.of(name)));
    if (!exists) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the cluster " + name)
          .detail("No host is in it.")
          .next("'ratoon host list' shows hosts and their clusters.")
          .asException();
    }
  }
}
