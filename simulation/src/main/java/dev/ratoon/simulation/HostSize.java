package dev.ratoon.simulation;

import dev.ratoon.model.ByteSize;
import dev.ratoon.protocol.agent.HostFacts;
import java.util.List;

/** How large a host is. */
record HostSize(int cpus, long memoryBytes, long diskBytes) {
  /** The library's machine has no room for VMs. */
  static final HostSize LIBRARY = new HostSize(8, 0, 4 * ByteSize.TIB);

  static HostSize of(int memoryGib) {
    return new HostSize(memoryGib / 2, memoryGib * ByteSize.GIB, ByteSize.TIB);
  }

  HostFacts facts(long diskUsedBytes) {
    return new HostFacts(
        cpus,
        memoryBytes,
        diskBytes,
        diskBytes - diskUsedBytes,
        "kvm",
        "simulated 1",
        List.of("default"),
        List.of("br0"),
        true,
        List.of());
  }
}
