package dev.ratoon.bench;

import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.Comparison;
import dev.ratoon.disk.copy.Conversion;
import dev.ratoon.disk.manifest.Manifests;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What the disk library does beside qemu-img and openssl, in one run: conversions and comparisons
 * of a half-full disk of 2 GiB, the identity of a chain, and random reads through one. Nobody waits
 * for the disk; qemu-img does not either. The library runs in this process, warm, as in Ratoon's
 * server and agents; the others are processes, which take 10 ms of their own.
 */
final class DiskBenchmark {
  private static final int PAIRS = 7;
  private static final long SIZE = 2L << 30;
  private static final long STRETCH = 8 << 20;
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  private static final int READS = 60_000;
  private static final int READ_BYTES = 4096;

  private final Path folder;
  private final Report report;
  private final Map<DiskFormat, Path> disks = new EnumMap<>(DiskFormat.class);

  DiskBenchmark(Report report) throws IOException {
    this.report = report;
    this.folder = Files.createTempDirectory(Scratch.folder(), "disk");
  }

  void run() throws Exception {
    try {
      disks.put(
          DiskFormat.RAW, Scratch.halfFull(folder.resolve("half-full.raw"), SIZE, STRETCH, 1));
      for (DiskFormat format : List.of(DiskFormat.QCOW2, DiskFormat.VHDX)) {
        Path disk = folder.resolve("half-full." + format.word());
        qemuConvert(DiskFormat.RAW, disk(DiskFormat.RAW), format, disk);
        disks.put(format, disk);
      }
      conversion(DiskFormat.RAW, DiskFormat.QCOW2);
      conversion(DiskFormat.QCOW2, DiskFormat.RAW);
      conversion(DiskFormat.RAW, DiskFormat.VHDX);
      conversion(DiskFormat.VHDX, DiskFormat.RAW);
      conversion(DiskFormat.QCOW2, DiskFormat.VHDX);
      conversion(DiskFormat.VHDX, DiskFormat.QCOW2);
      comparison();
      List<Path> chain = chain(8);
      identity(chain.get(4));
      randomReads(chain.getFirst(), chain.getLast());
    } finally {
      Scratch.remove(folder);
    }
  }

  private Path disk(DiskFormat format) {
    return Objects.requireNonNull(disks.get(format));
  }

  private void conversion(DiskFormat from, DiskFormat to) throws Exception {
    String name = from.word() + "-to-" + to.word();
    Samples ours = new Samples(name + " by Ratoon");
    Samples theirs = new Samples(name + " by qemu-img convert");
    Path source = disk(from);
    Path target = folder.resolve("converted." + to.word());
    convert(source, from, target, to);
    check(source, from, target, to);
    Files.delete(target);
    for (int i = 0; i < PAIRS; i++) {
      Tool.run("sync", "-f", folder.toString());
      ours.time(() -> convert(source, from, target, to));
      Files.delete(target);
      Tool.run("sync", "-f", folder.toString());
      theirs.time(() -> qemuConvert(from, source, to, target));
      Files.delete(target);
    }
    report.table(ours, theirs);
    report.atLeast("convert-" + name + "-times-faster", Samples.medianRatio(theirs, ours), 1.0);
  }

  private static void convert(Path source, DiskFormat from, Path target, DiskFormat to) {
    try (VirtualDisk disk = VirtualDisks.open(source, from, OpenRules.chain(1));
        WritableDisk made =
            VirtualDisks.create(
                target, disk.size(), Optional.empty(), CreateOptions.standard(to))) {
      Conversion.convert(disk, made, CORES, Progress.NONE);
    }
  }

  /** Fast is worth nothing if it is wrong: qemu-img has the last word. */
  private static void check(Path source, DiskFormat from, Path target, DiskFormat to)
      throws IOException, InterruptedException {
    Tool.run(
        "qemu-img",
        "compare",
        "-q",
        "-f",
        from.qemuName(),
        "-F",
        to.qemuName(),
        source.toString(),
        target.toString());
  }

  private static void qemuConvert(DiskFormat from, Path source, DiskFormat to, Path target)
      throws IOException, InterruptedException {
    Tool.run(
        "qemu-img",
        "convert",
        "-f",
        from.qemuName(),
        "-O",
        to.qemuName(),
        source.toString(),
        target.toString());
  }

  private void comparison() throws Exception {
    Path raw = disk(DiskFormat.RAW);
    Path qcow2 = disk(DiskFormat.QCOW2);
    Samples ours = new Samples("compare raw and qcow2 by Ratoon");
    Samples theirs = new Samples("compare raw and qcow2 by qemu-img compare");
    compare(raw, qcow2);
    for (int i = 0; i < PAIRS; i++) {
      ours.time(() -> compare(raw, qcow2));
      theirs.time(() -> check(raw, DiskFormat.RAW, qcow2, DiskFormat.QCOW2));
    }
    report.table(ours, theirs);
    report.atLeast("compare-times-faster", Samples.medianRatio(theirs, ours), 1.5);
  }

  private static void compare(Path raw, Path qcow2) {
    try (VirtualDisk one = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1));
        VirtualDisk other = VirtualDisks.open(qcow2, DiskFormat.QCOW2, OpenRules.chain(1))) {
      if (Comparison.firstDifference(one, other, CORES, Progress.NONE).isPresent()) {
        throw new IllegalStateException(raw + " and " + qcow2 + " differ");
      }
    }
  }

  /** The root first: the half-full disk as qcow2, and children each of which rewrote a little. */
  private List<Path> chain(int files) throws Exception {
    List<Path> chain = new ArrayList<>(List.of(disk(DiskFormat.QCOW2)));
    SplittableRandom random = new SplittableRandom(2);
    while (chain.size() < files) {
      Path child = folder.resolve("child-" + chain.size() + ".qcow2");
      Tool.run(
          List.of(
              "qemu-img",
              "create",
              "-q",
              "-f",
              "qcow2",
              "-b",
              chain.getLast().toString(),
              "-F",
              "qcow2",
              child.toString()));
      List<String> writes = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
      for (int i = 0; i < 64; i++) {
        long at = random.nextLong(SIZE >> 16) << 16;
        writes.addAll(List.of("-c", "write -P " + (1 + i) + " " + at + " 64k"));
      }
      writes.add(child.toString());
      Tool.run(writes);
      chain.add(child);
    }
    return chain;
  }

  private void identity(Path child) throws Exception {
    Samples ours = new Samples("disk id of a chain of 5 files by Ratoon");
    Samples theirs = new Samples("openssl dgst -sha256 of as many bytes in one file");
    Path plain = folder.resolve("as-many-bytes.raw");
    Scratch.random(plain, allocated(child), 3, allocated(child));
    id(child);
    for (int i = 0; i < PAIRS; i++) {
      ours.time(() -> id(child));
      theirs.time(() -> Tool.run("openssl", "dgst", "-sha256", plain.toString()));
    }
    Files.delete(plain);
    report.table(ours, theirs);
    report.atLeast("chain-identity-times-faster", Samples.medianRatio(theirs, ours), 1.5);
  }

  private static void id(Path child) {
    try (VirtualDisk disk = VirtualDisks.open(child, DiskFormat.QCOW2, OpenRules.chain(16))) {
      Manifests.of(disk, CORES, Progress.NONE).id();
    }
  }

  /** Bytes of the disk that some file of the chain stores. */
  private static long allocated(Path child) {
    try (VirtualDisk disk = VirtualDisks.open(child, DiskFormat.QCOW2, OpenRules.chain(16))) {
      long bytes = 0;
      for (long at = 0; at < disk.size(); ) {
        Extent extent = disk.extentAt(at);
        bytes += extent.kind() == Extent.Kind.DATA ? extent.length() : 0;
        at = extent.end();
      }
      return bytes;
    }
  }

  private void randomReads(Path root, Path deepest) throws Exception {
    Samples shallow = new Samples(READS + " random reads of 4 KiB, one file");
    Samples deep = new Samples(READS + " random reads of 4 KiB, a chain of 8 files");
    try (VirtualDisk one = VirtualDisks.open(root, DiskFormat.QCOW2, OpenRules.chain(16));
        VirtualDisk eight = VirtualDisks.open(deepest, DiskFormat.QCOW2, OpenRules.chain(16))) {
      readAtRandom(one);
      readAtRandom(eight);
      for (int i = 0; i < PAIRS; i++) {
        shallow.time(() -> readAtRandom(one));
        deep.time(() -> readAtRandom(eight));
      }
    }
    report.table(shallow, deep);
    report.atMost("depth-8-reads-ratio", Samples.medianRatio(deep, shallow), 2.0);
  }

  private static void readAtRandom(VirtualDisk disk) {
    SplittableRandom random = new SplittableRandom(4);
    ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
    for (int i = 0; i < READS; i++) {
      // Where there is data: even stretches of the half-full disk.
      long stretch = 2 * random.nextLong(SIZE / STRETCH / 2);
      long at = stretch * STRETCH + random.nextLong(STRETCH / READ_BYTES) * READ_BYTES;
      disk.read(at, buffer.clear());
    }
  }
}
