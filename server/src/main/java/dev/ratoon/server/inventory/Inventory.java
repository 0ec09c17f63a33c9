package dev.ratoon.server.inventory;

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
    FleetViews fleet,
    Reports reports,
    Revisions revisions,
    Trash trash) {

  public static Inventory open(
      Database database, String incarnation, Operations operations, InstantSource clock) {
    Hosts hosts = new Hosts(database, incarnation, clock);
    Observations observations = new Observations();
    Revisions revisions = new Revisions(database, incarnation);
    return new Inventory(
        hosts,
        new Vms(database, hosts, observations, operations, revisions, clock),
        new Deploys(database, hosts, operations, revisions, clock),
        new FleetViews(database, hosts, observations),
        new Reports(database, hosts, observations, operations, revisions),
        revisions,
        new Trash(database, operations, revisions, clock));
  }
}
