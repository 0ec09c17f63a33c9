package dev.ratoon.placement;

import static dev.ratoon.model.ByteSize.show;

import java.util.ArrayList;
import java.util.List;

/**
 * What a tenant may still be given.
 *
 * @param vms how many VMs
 */
public record Quota(long vms, long cpus, long memoryBytes, Disks disks) {
  public static final Quota NONE = new Quota(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE);

  /**
   * Disks, as guests see them.
   *
   * @param bytes that they may still grow to in all
   * @param eachBytes that those of one such VM may grow to
   */
  public record Disks(long bytes, long eachBytes) {
    static final Disks UNBOUNDED = new Disks(Long.MAX_VALUE, 0);
  }

  /** One that does not bound disks. */
  public Quota(long vms, long cpus, long memoryBytes) {
    this(vms, cpus, memoryBytes, Disks.UNBOUNDED);
  }

  /** The same, for VMs each of whose disks may grow to so much together. */
  public Quota withEach(long grownBytes) {
    return new Quota(vms, cpus, memoryBytes, new Disks(disks.bytes(), grownBytes));
  }

  /** What is left of it once {@code count} such VMs were given. */
  public Quota less(VmNeeds needs, int count) {
    return new Quota(
        less(vms, count),
        less(cpus, (long) needs.cpus() * count),
        less(memoryBytes, needs.memoryBytes() * count),
        new Disks(less(disks.bytes(), disks.eachBytes() * count), disks.eachBytes()));
  }

  private static long less(long left, long given) {
    return left == Long.MAX_VALUE ? left : left - given;
  }

  /** What {@code count} such VMs would go beyond, in words. */
  public List<String> reasonsAgainst(VmNeeds needs, int count) {
    return reasonsAgainst(needs.cpus(), needs.memoryBytes(), count);
  }

  /** The same for VMs of so many processors and so much memory. */
  public List<String> reasonsAgainst(int cpusEach, long memoryEach, int count) {
    List<String> reasons = new ArrayList<>();
    if (count > vms) {
      reasons.add("the quota allows %d more VMs, not %d".formatted(Math.max(0, vms), count));
    }
    if ((long) cpusEach * count > cpus) {
      reasons.add(
          "the quota allows %d more processors, not %d"
              .formatted(Math.max(0, cpus), (long) cpusEach * count));
    }
    if (memoryEach > memoryBytes / count) {
      reasons.add(
          "the quota allows %s more memory, not %d times %s"
              .formatted(show(Math.max(0, memoryBytes)), count, show(memoryEach)));
    }
    if (disks.eachBytes() > disks.bytes() / count) {
      reasons.add(
          "the quota allows disks of %s more, not %d times %s"
              .formatted(show(Math.max(0, disks.bytes())), count, show(disks.eachBytes())));
    }
    return reasons;
  }
}
