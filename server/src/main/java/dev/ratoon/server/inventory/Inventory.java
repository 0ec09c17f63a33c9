package dev.ratoon.server.inventory;

import dev.ratoon.server.members.Members;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * Hosts and VMs: the parts of this package put together.
 *
 * @param reports where agents report, and ask what their hosts shall be
 */
public record Inventory(
    Hosts hosts,
    Vms vms,
    Deploys deploys,
    Precaches precaches,
    Verifications verifications,
    HostChanges hostChanges,
    FleetViews fleet,
    Reports reports,
    Revisions revisions,
    Trash trash,
    FleetShares shares,
    Adoptions adoptions,
    TakeOvers takeOvers,
    Others others,
    CleanUps cleanUps,
    LowSpace lowSpace) {

  public static Inventory open(
      Database database,
      String incarnation,
      Supplier<String> run,
      Members members,
      Operations operations,
      WireCounts counts,
      InstantSource clock) {
    Histories histories = new Histories(incarnation, run);
    Hosts hosts = new Hosts(database, histories, members, counts, clock);
    KnownVms known = new KnownVms();
    Observations observations = new Observations();
    Revisions revisions = new Revisions(database, incarnation, histories, members);
    FleetShares shares =
        new FleetShares(database, hosts, revisions, new ShareViews(hosts, observations), clock);
    hosts.onReport(shares::reported);
    hosts.onReport(new BaseUses(observations, clock)::reported);
    Bringing bringing = new Bringing(clock);
    Adoptions adoptions = new Adoptions(database, hosts, operations, revisions);
    return new Inventory(
        hosts,
        new Vms(database, hosts, known, observations, operations, revisions, clock),
        new Deploys(database, hosts, known, operations, revisions, clock),
        new Precaches(database, hosts, operations, revisions, bringing),
        new Verifications(database, hosts, operations, revisions),
        new HostChanges(
            database,
            hosts,
            members,
            revisions,
            new HostChanges.Vms(known, observations, operations)),
        new FleetViews(database, hosts, observations),
        new Reports(
            database,
            hosts,
            known,
            observations,
            operations,
            revisions,
            new BasePlaces(database, hosts, members, bringing, clock),
            new BaseProgress(operations, revisions),
            adoptions),
        revisions,
        new Trash(database, known, operations, revisions, clock),
        shares,
        adoptions,
        new TakeOvers(database, hosts, known, observations, operations, revisions, clock),
        new Others(database, hosts, observations, revisions, histories),
        new CleanUps(
            database,
            hosts,
            operations,
            revisions,
            new CleanUpFacts(hosts, observations, bringing, clock),
            clock),
        new LowSpace(database, hosts));
  }
}
