package dev.ratoon.bench;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.qcow2.Qcow2Child;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A child disk, file and folder synced, beside a qemu-img process that makes one and syncs nothing.
 */
final class ChildBenchmark {
  private static final int WARM_UP = 2000;
  private static final int PAIRS = 100;
  private static final long SIZE = 20L << 30;

  void run(Report report) throws Exception {
    Path folder = Files.createTempDirectory(Scratch.folder(), "child");
    Path base = Scratch.sparse(folder.resolve("base.raw"), SIZE);
    Samples ours = new Samples("child written by Ratoon, file and folder synced");
    Samples theirs = new Samples("qemu-img create -b");
    for (int i = 0; i < WARM_UP; i++) {
      Path warm = folder.resolve("warm-" + i);
      create(warm, base);
      Files.delete(warm);
    }
    for (int i = 0; i < PAIRS; i++) {
      Path child = folder.resolve("ours-" + i);
      String other = folder.resolve("theirs-" + i).toString();
      Tool.run(
          "sync", "-f", folder.toString()); // what qemu-img left unsynced would be ours to write
      ours.time(() -> create(child, base));
      theirs.time(() ->
          Tool.run(
              "qemu-img",
              "create",
              "-q",
              "-f",
              "qcow2",
              "-b",
              base.toString(),
              "-F",
              "raw",
              other));
      Files.delete(child); // a VM's folder holds a few files, not hundreds
      Files.delete(Path.of(other));
    }
    Scratch.remove(folder);
    report.table(ours, theirs);
    report.atLeast("child-times-faster", Samples.medianRatio(theirs, ours), 15);
  }

  private static void create(Path file, Path base) {
    Qcow2Child.create(
        file,
        SIZE,
        Optional.of(new Backing(base, DiskFormat.RAW)),
        CreateOptions.Qcow2.STANDARD,
        Durability.SYNCED);
  }
}
