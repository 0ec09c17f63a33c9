package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * Where VMs would go.
 *
 * @param count of VMs that were asked for
 * @param hosts those that take such a VM, the best one first; at most 1000
 * @param clusters the clusters, the best one first
 * @param refused the hosts that do not, with every reason; at most 1000
 * @param fitting how many hosts take such a VM
 * @param problem why the VMs would not be deployed
 */
public record PlacementView(
    int count,
    List<Target> hosts,
    List<Cluster> clusters,
    List<Refusal> refused,
    int fitting,
    Optional<Problem> problem) {
  public PlacementView {
    hosts = List.copyOf(hosts);
    clusters = List.copyOf(clusters);
    refused = List.copyOf(refused);
  }

  /**
   * A host.
   *
   * @param stars of five, in halves
   * @param seconds until one such VM would run there
   * @param cost by which it is ranked: the seconds, and what else speaks against it, as weighed
   * @param bytesToMove that would have to come
   * @param room how many such VMs it could take
   * @param chosen how many of the VMs would go there
   * @param reasons what made the stars, in words
   */
  public record Target(
      HostId id,
      EntityName name,
      Optional<EntityName> cluster,
      double stars,
      double seconds,
      Seconds waits,
      double cost,
      long bytesToMove,
      int room,
      int chosen,
      List<Disk> disks,
      List<String> reasons) {
    public Target {
      disks = List.copyOf(disks);
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * What the seconds are made of.
   *
   * @param start of the VM itself
   * @param queue of others that start before it
   * @param arrival of base disks
   * @param copy of base disks that are copied whole
   */
  public record Seconds(double start, double queue, double arrival, double copy) {}

  /**
   * A disk of such a VM on a host.
   *
   * @param number counted from 0
   * @param differencing whether it is a child of its base there
   * @param parentPath the file that it stands on, where the host has that already
   * @param fixed whether that file is the only one: the base is there. Otherwise it comes into a
   *     cache of the host
   * @param choices the folders of the caches from which the one for the base can be chosen; the
   *     first is taken where none is. Empty where the parent is fixed
   */
  public record Disk(
      int number,
      Optional<ImageRef> image,
      Optional<DiskId> base,
      boolean differencing,
      Optional<String> parentPath,
      boolean fixed,
      List<String> choices) {
    public Disk {
      choices = List.copyOf(choices);
    }
  }

  /**
   * What a cluster would do with all of the VMs.
   *
   * @param stars of the VM that has fewest; 0 if it does not take all
   * @param seconds until the last one runs
   * @param hosts how many of its hosts would get VMs
   * @param fitting how many of the VMs it takes
   */
  public record Cluster(
      EntityName name, double stars, double seconds, long bytesToMove, int hosts, int fitting) {}

  /** A host that does not take such a VM. */
  public record Refusal(EntityName name, List<String> reasons) {
    public Refusal {
      reasons = List.copyOf(reasons);
    }
  }
}
