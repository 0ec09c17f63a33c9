package dev.ratoon.bench;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The import of a half-full qcow2 of 2 GiB, upload on loopback to synced base disk, beside
 * converting it to raw by qemu-img, hashing the result by openssl, and syncing it. Each pair has
 * new content, which no cache can know.
 */
final class ImportBenchmark {
  private static final int PAIRS = 5;
  private static final long SIZE = 2L << 30;

  void run(Report report) throws Exception {
    Path folder = Files.createTempDirectory(Scratch.folder(), "import");
    Samples ours = new Samples("image add of a half-full 2 GiB qcow2 by Ratoon");
    Samples theirs = new Samples("qemu-img convert + openssl dgst -sha256 + sync");
    try (RunningRatoon ratoon = RunningRatoon.anywhere()) {
      for (int i = -1; i < PAIRS; i++) {
        Path qcow2 = image(folder, i);
        String name = "import" + (i + 1);
        Path raw = folder.resolve("theirs.raw");
        Samples.Work our = () -> ratoon.importImage(name, qcow2);
        Samples.Work their =
            () -> {
              Tool.run("qemu-img", "convert", "-O", "raw", qcow2.toString(), raw.toString());
              Tool.run("openssl", "dgst", "-sha256", raw.toString());
              Tool.run("sync", raw.toString());
            };
        if (i < 0) {
          our.run(); // the first loads classes and lets the compiler see the path
        } else {
          ours.time(our);
          theirs.time(their);
          Files.delete(raw);
        }
        Files.delete(qcow2);
      }
    }
    Scratch.remove(folder);
    report.table(ours, theirs);
    report.atMost("import-ratio", Samples.medianRatio(ours, theirs), 1.0);
  }

  private static Path image(Path folder, int seed) throws Exception {
    Path raw = Scratch.random(folder.resolve("source.raw"), SIZE, seed, SIZE / 2);
    Path qcow2 = folder.resolve("source.qcow2");
    Tool.run("qemu-img", "convert", "-O", "qcow2", raw.toString(), qcow2.toString());
    Tool.run("sync", qcow2.toString());
    Files.delete(raw);
    return qcow2;
  }
}
