package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Wishes;
import dev.ratoon.server.inventory.DeployBatch.Deploy;
import dev.ratoon.server.store.Transaction;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Where the VMs of groups are: as the database says, and as was chosen since in the same
 * transaction.
 */
final class GroupMembers {
  private final Transaction tx;
  private final Map<Key, Set<HostId>> hosts = new HashMap<>();

  private record Key(String tenant, String group) {}

  GroupMembers(Transaction tx) {
    this.tx = tx;
  }

  /** Lets a fleet know where the group of this deploy is, if it has one. */
  void show(FleetSnapshot fleet, Deploy deploy) {
    deploy
        .needs()
        .wishes()
        .group()
        .map(Wishes.Group::name)
        .ifPresent(name -> fleet.group(name, members(deploy, name)));
  }

  /** The deploy's VMs belong to it from now on. */
  void join(Deploy deploy) {
    deploy
        .needs()
        .wishes()
        .group()
        .map(Wishes.Group::name)
        .ifPresent(name ->
            deploy.places.stream().map(Placement.Place::host).forEach(members(deploy, name)::add));
  }

  private Set<HostId> members(Deploy deploy, String name) {
    return hosts.computeIfAbsent(
        new Key(deploy.wanted.tenant(), name),
        key -> new HashSet<>(tx.placement().group(key.tenant(), new EntityName(key.group()))));
  }
}
