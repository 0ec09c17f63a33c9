package dev.ratoon.placement;

import dev.ratoon.model.HostId;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** On which hosts the VMs of each group are. */
public record Groups(Map<String, Set<HostId>> hosts) {
  public static final Groups NONE = new Groups(Map.of());

  public Groups {
    Map<String, Set<HostId>> copy = new HashMap<>();
    hosts.forEach((group, members) -> copy.put(group, Set.copyOf(members)));
    hosts = Map.copyOf(copy);
  }

  Set<HostId> of(String group) {
    return hosts.getOrDefault(group, Set.of());
  }
}
