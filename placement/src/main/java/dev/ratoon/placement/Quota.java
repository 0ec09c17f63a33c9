package dev.ratoon.placement;

import static dev.ratoon.model.ByteSize.show;

import java.util.ArrayList;
import java.util.List;

/**
 * What a tenant may still be given.
 *
 * @param vms how many VMs
 */
public record Quota(long vms, long cpus, long memoryBytes) {
  public static final Quota NONE = new Quota(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);

  /** What {@code count} such VMs would go beyond, in words. */
  List<String> reasonsAgainst(VmNeeds needs, int count) {
    List<String> reasons = new ArrayList<>();
    if (count > vms) {
      reasons.add("the quota allows %d more VMs, not %d".formatted(Math.max(0, vms), count));
    }
    if ((long) needs.cpus() * count > cpus) {
      reasons.add(
          "the quota allows %d more processors, not %d"
              .formatted(Math.max(0, cpus), (long) needs.cpus() * count));
    }
    if (needs.memoryBytes() > memoryBytes / count) {
      reasons.add(
          "the quota allows %s more memory, not %d times %s"
              .formatted(show(Math.max(0, memoryBytes)), count, show(needs.memoryBytes())));
    }
    return reasons;
  }
}
