package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** How busy this machine's processors were, whoever used them. */
record CpuTime(long busyTicks, long allTicks) {
  private static final int IDLE = 3;
  private static final int WAITING_FOR_DISK = 4;

  /** Since the machine was started. */
  static CpuTime now() throws IOException {
    String line = Files.readAllLines(Path.of("/proc/stat")).getFirst();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is in them already.
    long[] ticks =
        Arrays.stream(line.trim().split("\\s+"))
            .skip(1)
            .limit(8)
            .mapToLong(Long::parseLong)
            .toArray();
    long all = Arrays.stream(ticks).sum();
    return new CpuTime(all - ticks[IDLE] - ticks[WAITING_FOR_DISK], all);
  }

  /** The part of them that was busy since then, 0 to 1. */
  double busySince(CpuTime before) {
    return (double) (busyTicks - before.busyTicks) / Math.max(1, allTicks - before.allTicks);
  }
}
