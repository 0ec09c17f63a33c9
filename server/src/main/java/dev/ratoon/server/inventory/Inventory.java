package dev.ratoon.server.inventory;

import dev.ratoon.model.TimeSource;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
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
    Migrations migrations,
    Others others,
    Layerings layerings,
    DiskMoves diskMoves,
    CleanUps cleanUps,
    WithdrawalNews withdrawalNews,
    LowSpace lowSpace,
    FileMoves fileMoves) {

  public static Inventory open(
      Database database,
      String incarnation,
      Supplier<String> run,
      Members members,
      Operations operations,
      WireCounts counts,
      TimeSource clock) {
    Histories histories = new Histories(incarnation, run);
    Hosts hosts = new Hosts(database, histories, members, counts, clock);
    PromiseMemory promises = new PromiseMemory(clock);
    KnownVms known = new KnownVms();
    Observations observations = new Observations();
    Revisions revisions =
        new Revisions(
            new DesiredStates(
                database, incarnation, histories, members, new MoveOrders(members, clock)));
    FleetShares shares =
        new FleetShares(database, hosts, revisions, new ShareViews(hosts, observations), clock);
    hosts.onReport(shares::reported);
    hosts.onReport(new BaseUses(observations, clock)::reported);
    Bringing bringing = new Bringing(clock);
    Adoptions adoptions = new Adoptions(database, hosts, operations, revisions);
    Vms vms = new Vms(database, hosts, known, observations, operations, revisions, clock);
    Handovers handovers = new Handovers(known, operations, revisions);
    Migrations migrations = new Migrations(database, hosts, vms, observations, handovers, clock);
    Deploys deploys = new Deploys(database, hosts, known, operations, revisions, promises, clock);
    Layerings layerings = new Layerings(database, vms, known, observations, revisions);
    MovingDisks movingDisks = new MovingDisks(hosts, vms, observations);
    CleanUpFacts facts = new CleanUpFacts(hosts, observations, bringing, clock);
    Withdrawals withdrawals = new Withdrawals(database, hosts, operations, revisions, facts, clock);
    WithdrawalNews withdrawalNews = new WithdrawalNews(withdrawals::advance);
    hosts.onReport(withdrawalNews::reported);
    return new Inventory(
        hosts,
        vms,
        deploys,
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
            observations,
            revisions,
            new VmFolding(
                database,
                hosts,
                known,
                observations,
                operations,
                handovers,
                new LayerResults(hosts, known, operations, revisions, deploys, clock)),
            new BasePlaces(database, hosts, members, bringing, clock),
            new BaseProgress(operations, revisions),
            adoptions,
            migrations),
        revisions,
        new Trash(database, known, operations, revisions, clock),
        shares,
        adoptions,
        new TakeOvers(database, hosts, known, observations, operations, revisions, clock),
        migrations,
        new Others(database, hosts, observations, revisions, histories),
        layerings,
        new DiskMoves(database, hosts, layerings, movingDisks),
        new CleanUps(database, hosts, operations, revisions, facts, withdrawals, clock),
        withdrawalNews,
        new LowSpace(database, hosts),
        new FileMoves(database, layerings, movingDisks));
  }
}
