package dev.ratoon.server.inventory;

import dev.ratoon.server.members.Members;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import java.time.InstantSource;

/**
 * Hosts and VMs: the parts of this package put together.
 *
 * @param reports where agents report, and ask what their hosts shall be
 */
public record Inventory(
    Hosts hosts,
    Vms vms,
    Deploys deploys,
    HostChanges hostChanges,
    FleetViews fleet,
    Reports reports,
    Revisions revisions,
    Trash trash,
    Adoptions adoptions,
    TakeOvers takeOvers) {

  public static Inventory open(
      Database database,
      String incarnation,
      Members members,
      Operations operations,
      InstantSource clock) {
    Hosts hosts = new Hosts(database, incarnation, members, clock);
    KnownVms known = new KnownVms();
    Observations observations = new Observations();
    Revisions revisions = new Revisions(database, incarnation);
    Adoptions adoptions = new Adoptions(database, hosts, operations, revisions);
    return new Inventory(
        hosts,
        new Vms(database, hosts, known, observations, operations, revisions, clock),
        new Deploys(database, hosts, known, operations, revisions, clock),
        new HostChanges(database, hosts, members, known, observations, operations),
        new FleetViews(database, hosts, observations),
        new Reports(
            database,
            hosts,
            known,
            observations,
            operations,
            revisions,
            new BasePlaces(database, hosts, members, clock),
            adoptions),
        revisions,
        new Trash(database, known, operations, revisions, clock),
        adoptions,
        new TakeOvers(database, hosts, known, observations, operations, revisions, clock));
  }
}
