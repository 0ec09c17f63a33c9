package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import java.util.Map;

/**
 * What a host's VMs outside the trash were promised, and those that are on their way to it.
 *
 * @param cpus without those on their way
 * @param vms how many they are, without those on their way
 * @param diskBytes of those that are just being deployed, which are {@code starting}
 * @param bases of the same, and what each takes in a cache
 */
public record Promised(
    long memoryBytes, long cpus, int vms, long diskBytes, int starting, Map<DiskId, Long> bases) {
  public static final Promised NOTHING = new Promised(0, 0, 0, 0, 0, Map.of());

  /** Of a VM that is on its way. */
  static Promised memory(long bytes) {
    return new Promised(bytes, 0, 0, 0, 0, Map.of());
  }

  Promised plus(Promised coming) {
    return new Promised(memoryBytes + coming.memoryBytes, cpus, vms, diskBytes, starting, bases);
  }
}
