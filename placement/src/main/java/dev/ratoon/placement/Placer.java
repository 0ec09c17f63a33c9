package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.PlacementWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Chooses hosts for VMs: filter, cost, rank, choose. A host is out if it breaks one hard rule.
 * Among the others the cheapest wins, in seconds; see {@link PlacementWeights}.
 *
 * <p>A batch is placed VM by VM, each where it costs least then: a host that has the base gets VMs
 * until those that wait there to be started cost more than bringing the base to another one. What
 * one more VM costs on a host only grows with those that are there, so this is also the cheapest
 * way to place all of them, and where time alone counts, the one that ends first.
 */
public final class Placer {
  private final FleetSnapshot fleet;
  private final Search search;

  public Placer(FleetSnapshot fleet) {
    this.fleet = fleet;
    this.search = new Search(fleet);
  }

  /**
   * Places {@code count} equal VMs, or says why not; all of them or none. The fleet is then as if
   * they were there; see {@link FleetSnapshot#undo}.
   */
  public Placement place(VmNeeds needs, int count, Quota quota) {
    List<String> beyond = quota.reasonsAgainst(needs, count);
    if (!beyond.isEmpty()) {
      return new Placement.Refused(0, beyond, List.of(), fleet.size());
    }
    int before = fleet.placed();
    Request request = fleet.request(needs);
    List<Placement.Place> places = placed(request, count);
    if (places.size() == count) {
      return new Placement.Chosen(places);
    }
    List<Placement.Refusal> all = Ranking.of(fleet, request).refusals();
    List<Placement.Refusal> refusals =
        List.copyOf(all.subList(0, Math.min(all.size(), Placement.Refused.MOST_REFUSALS)));
    fleet.undo(before);
    return new Placement.Refused(places.size(), List.of(), refusals, fleet.size());
  }

  /** Places one VM; empty, and nothing is placed, if no host fits. */
  public Optional<HostId> choose(VmNeeds needs) {
    Request request = fleet.request(needs);
    int host = search.best(request);
    if (host == Search.NOBODY) {
      return Optional.empty();
    }
    fleet.place(host, request);
    return Optional.of(fleet.host(host).id());
  }

  /** As many of {@code count} as find a host. */
  private List<Placement.Place> placed(Request request, int count) {
    Explanation explanation = new Explanation(fleet);
    List<Placement.Place> places = new ArrayList<>();
    while (places.size() < count) {
      int host = search.best(request);
      if (host == Search.NOBODY) {
        break;
      }
      HostSnapshot there = fleet.host(host);
      places.add(
          new Placement.Place(
              there.id(), there.name(), explanation.of(request, host, search.cost())));
      fleet.place(host, request);
    }
    return places;
  }

  /** As {@link #place}, without anything being placed. */
  public Placement tryOut(VmNeeds needs, int count, Quota quota) {
    int before = fleet.placed();
    try {
      return place(needs, count, quota);
    } finally {
      fleet.undo(before);
    }
  }

  /** What each cluster would do with the request, the best one first. */
  public List<ClusterTarget> clusters(VmNeeds needs, int count) {
    return IntStream.range(0, fleet.size())
        .mapToObj(h -> fleet.host(h).cluster())
        .flatMap(Optional::stream)
        .distinct()
        .map(name -> cluster(name, needs, count))
        .sorted()
        .toList();
  }

  private ClusterTarget cluster(EntityName name, VmNeeds needs, int count) {
    int before = fleet.placed();
    List<Placement.Place> places =
        placed(fleet.request(needs.with(needs.wishes().in(name))), count);
    fleet.undo(before);
    return ClusterTarget.of(name, places, count);
  }
}
