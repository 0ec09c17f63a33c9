package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.HostId;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a VM may go. What is empty is not asked for.
 *
 * @param hosts one of these
 * @param cluster a host of this cluster
 * @param tags a host that has all of these
 * @param architecture a host of this one
 * @param cpuLevel a host whose processors have at least this level
 * @param accelerator a host with this one
 * @param group VMs that it is to be together with, or apart from
 * @param ruledOut hosts on which it cannot be for reasons that placement does not know of, each
 *     with the reason in words
 */
public record Wishes(
    Set<HostId> hosts,
    Optional<EntityName> cluster,
    Set<String> tags,
    Optional<String> architecture,
    Optional<Integer> cpuLevel,
    Optional<String> accelerator,
    Optional<Group> group,
    Map<HostId, String> ruledOut) {
  public static final Wishes NONE =
      new Wishes(
          Set.of(),
          Optional.empty(),
          Set.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  public Wishes {
    hosts = Set.copyOf(hosts);
    tags = Set.copyOf(tags);
    ruledOut = Map.copyOf(ruledOut);
  }

  /** As above, with no host ruled out. */
  public Wishes(
      Set<HostId> hosts,
      Optional<EntityName> cluster,
      Set<String> tags,
      Optional<String> architecture,
      Optional<Integer> cpuLevel,
      Optional<String> accelerator,
      Optional<Group> group) {
    this(hosts, cluster, tags, architecture, cpuLevel, accelerator, group, Map.of());
  }

  /** VMs that know of each other. */
  public record Group(String name, GroupRule rule) {}

  /** The same, but on hosts of this cluster. */
  public Wishes in(EntityName other) {
    return new Wishes(
        hosts, Optional.of(other), tags, architecture, cpuLevel, accelerator, group, ruledOut);
  }

  /** The same, but on hosts with these tags. */
  public Wishes tagged(Set<String> others) {
    return new Wishes(hosts, cluster, others, architecture, cpuLevel, accelerator, group, ruledOut);
  }

  /** The same, of a VM without a group. */
  Wishes withoutGroup() {
    return new Wishes(
        hosts, cluster, tags, architecture, cpuLevel, accelerator, Optional.empty(), ruledOut);
  }

  /** The same, but on one of these hosts. */
  public Wishes on(Set<HostId> others) {
    return new Wishes(others, cluster, tags, architecture, cpuLevel, accelerator, group, ruledOut);
  }

  /** The same, but not on these hosts, for these reasons. */
  public Wishes without(Map<HostId, String> others) {
    return new Wishes(hosts, cluster, tags, architecture, cpuLevel, accelerator, group, others);
  }
}
