package dev.ratoon.placement;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.PlacementWeights;
import java.util.List;

/** What hosts have been promised to, which grows while VMs are placed; and their rows. */
final class Loads {
  private static final long LEAST_BYTES_PER_SECOND = ByteSize.MIB;
  private static final double PER_MILLE = 1000;

  /** Until the first piece of a base comes: sources are asked for, its manifest is read. */
  private static final long BEGIN_NANOS = 50_000_000;

  private final List<HostSnapshot> hosts;
  private final Policy policy;
  private final long[] rows;
  private final long[] memory;
  private final long[] cpus;
  private final long[] disk;
  private final long[] comingBytes;
  private final int[] vms;
  private final int[] starting;

  /** What a host was promised to before a VM was placed there. */
  record Before(
      int host, long memory, long cpus, long disk, long comingBytes, int vms, int starting) {}

  Loads(List<HostSnapshot> hosts, Policy policy) {
    int count = hosts.size();
    this.hosts = hosts;
    this.policy = policy;
    rows = new long[count * Row.LENGTH];
    memory = new long[count];
    cpus = new long[count];
    disk = new long[count];
    comingBytes = new long[count];
    vms = new int[count];
    starting = new int[count];
    for (int h = 0; h < count; h++) {
      HostSnapshot.Room room = hosts.get(h).room();
      memory[h] = room.memoryReservedBytes();
      cpus[h] = room.cpusReserved();
      disk[h] = room.diskReservedBytes();
      vms[h] = room.vms();
      starting[h] = room.starting();
      for (long bytes : hosts.get(h).bases().coming().values()) {
        comingBytes[h] += bytes;
      }
    }
  }

  long[] rows() {
    return rows;
  }

  int starting(int host) {
    return starting[host];
  }

  int vms(int host) {
    return vms[host];
  }

  long comingBytes(int host) {
    return comingBytes[host];
  }

  long memoryReserved(int host) {
    return memory[host];
  }

  long cpusReserved(int host) {
    return cpus[host];
  }

  long diskReserved(int host) {
    return disk[host];
  }

  /** How fast bases come to the host, as far as its own side goes. */
  long bytesPerSecond(int host) {
    long measured = hosts.get(host).bases().bytesPerSecond();
    return Math.max(LEAST_BYTES_PER_SECOND, measured > 0 ? measured : policy.bytesPerSecond());
  }

  /** How long each MiB takes to come, as far as the host's own side goes. */
  long nanosPerMebibyte(int host) {
    return Row.NANOS * ByteSize.MIB / bytesPerSecond(host);
  }

  PlacementWeights weights(int host) {
    return policy.of(hosts.get(host).cluster());
  }

  /**
   * A VM goes there.
   *
   * @param diskBytes what it takes there, and what comes for it
   */
  Before take(int host, VmNeeds needs, long diskBytes, long newlyComing) {
    Before before =
        new Before(
            host,
            memory[host],
            cpus[host],
            disk[host],
            comingBytes[host],
            vms[host],
            starting[host]);
    memory[host] += needs.memoryBytes();
    cpus[host] += needs.cpus();
    disk[host] += diskBytes;
    comingBytes[host] += newlyComing;
    vms[host]++;
    starting[host]++;
    return before;
  }

  void restore(Before before) {
    int host = before.host();
    memory[host] = before.memory();
    cpus[host] = before.cpus();
    disk[host] = before.disk();
    comingBytes[host] = before.comingBytes();
    vms[host] = before.vms();
    starting[host] = before.starting();
  }

  /** Writes the host's row anew. */
  void refresh(int host, int shape) {
    HostSnapshot.Room room = hosts.get(host).room();
    PlacementWeights weights = weights(host);
    int at = host * Row.LENGTH;
    long second = Math.round(weights.seconds() * PER_MILLE);
    long arrivalRate = (long) (Row.NANOS * weights.seconds() * ByteSize.MIB / bytesPerSecond(host));
    long diskUsed = room.diskBytes() - room.diskFreeBytes() + disk[host];
    long standing =
        startNanos() * (starting[host] + 1L) * second / (long) PER_MILLE
            + nanos(weights.memory() * share(memory[host], room.memoryBytes()))
            + nanos(weights.cpus() * share(cpus[host], room.cpus()))
            + nanos(weights.disk() * share(diskUsed, room.diskBytes()))
            + nanos(weights.spread() * vms[host]);
    rows[at + Row.STANDING] = standing;
    rows[at + Row.COLD] =
        standing
            + BEGIN_NANOS * second / (long) PER_MILLE
            + Row.mebibytes(comingBytes[host]) * arrivalRate;
    rows[at + Row.MEMORY_RATE] = nanos(weights.memory() * share(ByteSize.MIB, room.memoryBytes()));
    rows[at + Row.CPU_RATE] = nanos(weights.cpus() * share(1, room.cpus()));
    rows[at + Row.DISK_RATE] = nanos(weights.disk() * share(ByteSize.MIB, room.diskBytes()));
    rows[at + Row.ARRIVAL_RATE] = arrivalRate;
    rows[at + Row.SECOND_WEIGHT] = second;
    rows[at + Row.MEMORY_LEFT] = room.memoryBytes() - memory[host];
    rows[at + Row.DISK_LEFT] = room.diskFreeBytes() - disk[host];
    rows[at + Row.CPUS_LEFT] = Math.min(room.cpus(), room.cpuPromises() - cpus[host]);
    rows[at + Row.FIRST_SHAPE] = shape;
    rows[at + Row.LAST_SHAPE] = shape;
    rows[at + Row.HOST] = host;
  }

  /** How long a base that is not on its way yet waits for its first piece. */
  long nanosBefore(int host) {
    return BEGIN_NANOS + Row.mebibytes(comingBytes[host]) * nanosPerMebibyte(host);
  }

  /** What starting one VM takes, before it is weighed. */
  long startNanos() {
    return nanos(policy.startSeconds());
  }

  /** What copying takes, before it is weighed. */
  long copyNanos(long bytes) {
    return bytes == 0 ? 0 : nanos((double) bytes / policy.copyBytesPerSecond());
  }

  static double share(long part, long whole) {
    return whole <= 0 ? 0 : (double) part / whole;
  }

  static long nanos(double seconds) {
    return Math.round(seconds * Row.NANOS);
  }
}
