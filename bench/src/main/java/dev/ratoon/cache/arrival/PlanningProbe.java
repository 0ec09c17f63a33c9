package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.blocks.BlockFingerprints;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Measures the second step of an arrival by itself. */
public final class PlanningProbe {
  private PlanningProbe() {}

  /**
   * Processor seconds that a host takes to find out what of one base another has: the fingerprints
   * that came are written, checked and looked up.
   *
   * @param wanted the file of fingerprints of the base
   * @param known that of the base which is there
   * @param folder for what is made meanwhile
   */
  public static double cpuSeconds(Path wanted, Path known, Path folder) throws IOException {
    byte[] travelling;
    try (BlockFingerprints source = BlockFingerprints.open(wanted)) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      source.write(bytes);
      travelling = bytes.toByteArray();
    }
    var threads = ManagementFactory.getThreadMXBean();
    Path list = folder.resolve("list");
    Path plan = folder.resolve("plan");
    try (BlockFingerprints theirs = BlockFingerprints.open(known)) {
      Base base = new Base(theirs.id(), known, DiskFormat.RAW, theirs.size());
      Relative relative =
          new Relative(
              base,
              theirs,
              () -> {
                throw new IllegalStateException("planning reads no content");
              });
      long before = threads.getCurrentThreadCpuTime();
      BlockFingerprints came =
          BlockFingerprints.receive(new ByteArrayInputStream(travelling), travelling.length, list);
      try (Plan made = Planner.plan(came, List.of(relative), plan)) {
        long nanos = threads.getCurrentThreadCpuTime() - before;
        if (made.blocks() == 0) {
          throw new IllegalStateException("an empty plan");
        }
        return nanos / 1e9;
      }
    } finally {
      Files.deleteIfExists(list);
      Files.deleteIfExists(plan);
    }
  }
}
