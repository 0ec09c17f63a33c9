package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.NetworkAttachment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What does not change while VMs are placed, each kind of host once: a fleet has many hosts, but
 * few that differ in more than their load. A rule about it is looked at once for each shape and
 * kind of request.
 */
final class Shapes {
  private static final int MOST_DEMANDS = 64;

  /** What many hosts have in common. */
  record Shape(
      boolean usable,
      HostSnapshot.Abilities abilities,
      Optional<EntityName> cluster,
      Set<String> tags,
      Optional<Integer> cpuBaseline) {

    static Shape of(HostSnapshot host, Policy policy) {
      HostSnapshot.Standing standing = host.standing();
      return new Shape(
          standing.connected()
              && !standing.maintenance()
              && !standing.draining()
              && standing.problem().isEmpty(),
          host.abilities(),
          host.cluster(),
          host.tags(),
          host.cluster().flatMap(name -> Optional.ofNullable(policy.cpuBaselines().get(name))));
    }

    private String order() {
      return usable + "/" + cluster.map(EntityName::text).orElse("");
    }
  }

  /** What many requests ask for. */
  record Demand(Firmware firmware, List<NetworkAttachment> networks, Wishes wishes) {
    static Demand of(VmNeeds needs) {
      Wishes w = needs.wishes();
      return new Demand(
          needs.firmware(),
          needs.networks(),
          new Wishes(
              Set.of(),
              w.cluster(),
              w.tags(),
              w.architecture(),
              w.cpuLevel(),
              w.accelerator(),
              Optional.empty()));
    }
  }

  private final List<Shape> shapes = new ArrayList<>();
  private final int[] ofHost;
  private final Map<Demand, int[]> before =
      new LinkedHashMap<>(MOST_DEMANDS, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Demand, int[]> eldest) {
          return size() > MOST_DEMANDS;
        }
      };

  Shapes(List<HostSnapshot> hosts, Policy policy) {
    Map<Shape, Integer> numbers = new HashMap<>();
    List<Shape> met = new ArrayList<>();
    int[] first = new int[hosts.size()];
    for (int h = 0; h < first.length; h++) {
      Shape shape = Shape.of(hosts.get(h), policy);
      first[h] =
          numbers.computeIfAbsent(
              shape,
              s -> {
                met.add(s);
                return met.size() - 1;
              });
    }
    // Neighbours have something in common: a block of hosts is then left out as a whole.
    List<Integer> order = new ArrayList<>(numbers.values());
    order.sort(
        Comparator.comparing((Integer n) -> met.get(n).order())
            .thenComparing(Comparator.naturalOrder()));
    int[] number = new int[met.size()];
    for (int i = 0; i < number.length; i++) {
      number[order.get(i)] = i;
      shapes.add(met.get(order.get(i)));
    }
    ofHost = new int[first.length];
    for (int h = 0; h < first.length; h++) {
      ofHost[h] = number[first[h]];
    }
  }

  int of(int host) {
    return ofHost[host];
  }

  Shape shape(int host) {
    return shapes.get(ofHost[host]);
  }

  /** For each shape how many of those before it are as demanded; one more at the end. */
  int[] suited(Demand demand) {
    return before.computeIfAbsent(
        demand,
        d -> {
          int[] count = new int[shapes.size() + 1];
          for (int i = 0; i < shapes.size(); i++) {
            Shape shape = shapes.get(i);
            boolean suits = shape.usable() && ShapeRules.reasonsAgainst(d, shape).isEmpty();
            count[i + 1] = count[i] + (suits ? 1 : 0);
          }
          return count;
        });
  }
}
