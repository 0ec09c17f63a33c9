package dev.ratoon.bench;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifests;
import java.nio.file.Files;
import java.nio.file.Path;

/** The identity of an allocated GiB beside openssl's SHA-256 of the same file. */
final class IdentityBenchmark {
  private static final int PAIRS = 7;
  private static final long SIZE = 1L << 30;

  void run(Report report) throws Exception {
    Path folder = Files.createTempDirectory(Scratch.folder(), "identity");
    Path disk = Scratch.random(folder.resolve("disk.raw"), SIZE, 0, SIZE);
    int cores = Runtime.getRuntime().availableProcessors();
    Samples ours = new Samples("disk id of 1 GiB by Ratoon");
    Samples theirs = new Samples("openssl dgst -sha256");
    id(disk, cores);
    for (int i = 0; i < PAIRS; i++) {
      ours.time(() -> id(disk, cores));
      theirs.time(() -> Tool.run("openssl", "dgst", "-sha256", disk.toString()));
    }
    Scratch.remove(folder);
    report.table(ours, theirs);
    report.atLeast("identity-times-faster", Samples.medianRatio(theirs, ours), 1.6);
  }

  private static void id(Path file, int cores) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.RAW, OpenRules.chain(1))) {
      Manifests.of(disk, cores, Progress.NONE).id();
    }
  }
}
