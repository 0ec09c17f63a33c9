package dev.ratoon.disk;

import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.manifest.ChunkChecksums;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.qcow2.Qcow2Child;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Measures this module beside its peers, for people: medians in milliseconds. Run it from disk/
 * after a build; what it needs on the class path is in docs/formats/fuzzing.md.
 *
 * <p>Argument: a folder with 6 GiB to spare.
 */
public final class DiskBenchmark {
  private static final int ROUNDS = 7;
  private static final int THREADS = Runtime.getRuntime().availableProcessors();

  private final Path folder;

  private DiskBenchmark(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "disk-benchmark");
    DiskBenchmark benchmark = new DiskBenchmark(folder);
    benchmark.manifest();
    benchmark.child();
    benchmark.importing();
    for (Path file : benchmark.files()) {
      Files.delete(file);
    }
    Files.delete(folder);
  }

  private void manifest() throws Exception {
    Path raw = noise(folder.resolve("noise.raw"), 1L << 30);
    report("1 GiB: manifest", () -> manifestOf(raw));
    report("1 GiB: openssl dgst -sha256", () -> run("openssl", "dgst", "-sha256", raw.toString()));
  }

  private void child() throws Exception {
    Path base = folder.resolve("noise.raw");
    Path ours = folder.resolve("ours.qcow2");
    Path theirs = folder.resolve("theirs.qcow2");
    Optional<Backing> parent = Optional.of(new Backing(base, DiskFormat.RAW));
    for (int i = 0; i < 200; i++) {
      Qcow2Child.create(ours, 1 << 30, parent, CreateOptions.Qcow2.STANDARD, Durability.SYNCED);
      Files.delete(ours);
    }
    report(
        "child, file and folder synced",
        () ->
            Qcow2Child.create(
                ours, 1 << 30, parent, CreateOptions.Qcow2.STANDARD, Durability.SYNCED),
        () -> Files.delete(ours),
        101);
    report(
        "qemu-img create",
        () ->
            run(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-b",
                base.toString(),
                "-F",
                "raw",
                theirs.toString()),
        () -> Files.delete(theirs),
        31);
  }

  private void importing() throws Exception {
    Path plain = folder.resolve("plain.qcow2");
    Path packed = folder.resolve("packed.qcow2");
    Path zstd = folder.resolve("zstd.qcow2");
    Path raw = folder.resolve("half.raw");
    halfNoise(raw);
    Qemu.img("convert", "-f", "raw", "-O", "qcow2", raw, plain);
    Qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", raw, packed);
    Qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd", raw, zstd);
    Path target = folder.resolve("copy.raw");
    for (Path source : List.of(raw, plain, packed, zstd)) {
      report(
          source.getFileName() + ": copy and manifest",
          () -> copyAndManifest(source, target),
          () -> Files.delete(target),
          ROUNDS);
      report(
          source.getFileName() + ": qemu-img convert, openssl",
          () -> {
            String format = source.equals(raw) ? "raw" : "qcow2";
            run(
                "qemu-img",
                "convert",
                "-f",
                format,
                "-O",
                "raw",
                source.toString(),
                target.toString());
            run("openssl", "dgst", "-sha256", target.toString());
          },
          () -> Files.delete(target),
          ROUNDS);
    }
  }

  private static void copyAndManifest(Path source, Path target) {
    ChunkChecksums written;
    try (VirtualDisk disk = VirtualDisks.open(source, OpenRules.foreign())) {
      written = SparseCopy.copy(disk, target, Durability.BUFFERED, THREADS, Progress.NONE);
    }
    try (VirtualDisk copy = VirtualDisks.open(target, DiskFormat.RAW, OpenRules.foreign())) {
      Manifests.ofCopy(copy, written, THREADS, Progress.NONE);
    }
  }

  private static void manifestOf(Path raw) {
    try (VirtualDisk disk = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.foreign())) {
      Manifests.of(disk, THREADS, Progress.NONE);
    }
  }

  private static Path noise(Path file, long size) throws IOException {
    byte[] block = new byte[1 << 20];
    Random random = new Random(1);
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long at = 0; at < size; at += block.length) {
        random.nextBytes(block);
        out.write(block);
      }
    }
    return file;
  }

  /** 1 GiB: a quarter of noise, a quarter of what packs well, the rest zero. */
  private static void halfNoise(Path file) throws IOException {
    byte[] block = new byte[1 << 20];
    Random random = new Random(2);
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int i = 0; i < 1024; i++) {
        Arrays.fill(block, (byte) 0);
        switch (i / 8 % 4) {
          case 0 -> random.nextBytes(block);
          case 1 -> {
            for (int at = 0; at < block.length; at++) {
              block[at] = (byte) "etaoin shrdlu".charAt(random.nextInt(13));
            }
          }
          default -> {}
        }
        out.write(block);
      }
    }
  }

  private List<Path> files() throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }

  private static void run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (process.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", command));
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  private static void report(String what, Work work) throws Exception {
    report(what, work, () -> {}, ROUNDS);
  }

  private static void report(String what, Work work, Work cleanUp, int rounds) throws Exception {
    double[] times = new double[rounds];
    work.run();
    cleanUp.run();
    for (int i = 0; i < rounds; i++) {
      long start = System.nanoTime();
      work.run();
      times[i] = (System.nanoTime() - start) / 1e6;
      cleanUp.run();
    }
    Arrays.sort(times);
    System.out.printf("%-50s %10.2f ms%n", what, times[rounds / 2]);
  }
}
