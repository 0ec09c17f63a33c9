package dev.ratoon.placement;

import dev.ratoon.model.GroupRule;
import java.util.HashMap;
import java.util.Map;

/** How many VMs of a group each host has. */
final class GroupHosts {
  private final Map<Integer, Integer> count = new HashMap<>();

  boolean isEmpty() {
    return count.isEmpty();
  }

  boolean has(int host) {
    return count.containsKey(host);
  }

  int[] hosts() {
    return count.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
  }

  void add(int host) {
    count.merge(host, 1, Integer::sum);
  }

  void remove(int host) {
    count.computeIfPresent(host, (_, n) -> n == 1 ? null : n - 1);
  }

  /** Whether the rule lets one more VM go to this host. */
  boolean allows(GroupRule rule, int host) {
    return switch (rule) {
      case APART -> !has(host);
      case TOGETHER -> isEmpty() || has(host);
    };
  }
}
