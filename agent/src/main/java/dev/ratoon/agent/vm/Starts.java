package dev.ratoon.agent.vm;

import dev.ratoon.model.VmId;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts the starts of VMs in this process, so that who reads a stopped VM's disk learns of one
 * that began meanwhile, even if the VM has ended again. The count is odd while one is under way.
 */
final class Starts {
  private final Map<VmId, Long> counts = new ConcurrentHashMap<>();

  /** Runs what starts the VM's domain. */
  void count(VmId id, Runnable start) {
    counts.merge(id, 1L, Long::sum);
    try {
      start.run();
    } finally {
      counts.merge(id, 1L, Long::sum);
    }
  }

  /** How often it was started; empty while a start is under way. */
  OptionalLong of(VmId id) {
    long count = counts.getOrDefault(id, 0L);
    return count % 2 == 0 ? OptionalLong.of(count) : OptionalLong.empty();
  }

  /** The VM is gone for good. */
  void forget(VmId id) {
    counts.remove(id);
  }
}
