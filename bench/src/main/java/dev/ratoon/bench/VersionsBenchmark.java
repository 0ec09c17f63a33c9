package dev.ratoon.bench;

import dev.ratoon.cache.arrival.PlanningProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A new version of an image on its way to a host that has the old one, once rebuilt and once
 * upgraded in place: bytes on the cable, beside what casync, zstd --patch-from and zstd alone would
 * send; the processor time of finding the difference; and the disk that it takes, on ext4 and on an
 * XFS whose files share blocks. The images are made by bench/debian-versions.sh.
 */
final class VersionsBenchmark {
  private static final double MEGA = 1e6;
  private static final int PLANS = 5;

  private final Report report;
  private final Path images;
  private final Path folder;
  private final Cable cable;
  private final String rate;

  VersionsBenchmark(Report report) throws IOException, InterruptedException {
    this.report = report;
    this.images = Path.of(System.getenv("VERSIONS_IMAGES"));
    this.rate = System.getenv().getOrDefault("VERSIONS_RATE", "1gbit");
    this.folder = Files.createTempDirectory(Scratch.folder(), "versions");
    this.cable = new Cable(rate);
  }

  /**
   * One arrival of a new version.
   *
   * @param carriedBytes by the connection, both ways, TLS and all
   * @param crossedBytes on the cable, with what TCP adds
   */
  private record Arrived(
      long carriedBytes, long crossedBytes, double seconds, long takenBytes, String layout) {}

  void run() throws Exception {
    try (VersionAgent.Running giving =
            VersionAgent.start(cable, Cable.End.GIVING, folder.resolve("giving"), tls());
        LoopFolder ext4 = new LoopFolder(folder, "ext4");
        LoopFolder xfs = new LoopFolder(folder, "xfs")) {
      VersionAgent.Stored old = giving.imports(image("old"));
      ForeignDeltas others = new ForeignDeltas(image("old"), folder);
      report.note("megabytes, over a cable of " + rate);
      for (String name : List.of("rebuilt", "upgraded")) {
        VersionAgent.Stored version = giving.imports(image(name));
        Arrived onExt4 = arrive(name, version, ext4);
        Arrived onXfs = arrive(name, version, xfs);
        double planning = planning(old, version);
        compare(name, onExt4, planning, others);
        disk(name, version, onExt4, onXfs);
      }
    } finally {
      cable.close();
      remove(folder);
    }
  }

  /** Also the bases of a cache, which nobody is to write or remove. */
  private static void remove(Path folder) throws IOException, InterruptedException {
    Tool.run("chattr", "-R", "-f", "-i", folder.toString());
    Scratch.remove(folder);
  }

  private Path image(String name) {
    return images.resolve(name + ".raw");
  }

  private Path tls() {
    return folder.resolve("tls");
  }

  /** To a host that has the old version and nothing else. */
  private Arrived arrive(String name, VersionAgent.Stored version, LoopFolder place)
      throws IOException, InterruptedException {
    Path cache = place.path().resolve(name);
    Arrived arrived;
    try (VersionAgent.Running taking = VersionAgent.start(cable, Cable.End.TAKING, cache, tls())) {
      VersionAgent.Stored _ = taking.imports(image("old"));
      long takenBefore = place.takenBytes();
      long crossedBefore = cable.crossedBytes();
      long began = System.nanoTime();
      VersionAgent.Stored came = taking.brings(version.id(), Files.size(image(name)));
      double seconds = (System.nanoTime() - began) / 1e9;
      arrived =
          new Arrived(
              cable.carriedBytes(),
              cable.crossedBytes() - crossedBefore,
              seconds,
              place.takenBytes() - takenBefore,
              came.layout());
    }
    remove(cache);
    return arrived;
  }

  /** The first time counts: an agent seldom plans. */
  private double planning(VersionAgent.Stored old, VersionAgent.Stored version) throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < PLANS; i++) {
      seconds.add(PlanningProbe.cpuSeconds(blocks(version), blocks(old), folder));
    }
    return seconds.getFirst();
  }

  private Path blocks(VersionAgent.Stored stored) {
    return folder.resolve("giving").resolve(stored.id().hex() + ".blocks");
  }

  private void compare(String name, Arrived ours, double planning, ForeignDeltas others)
      throws IOException, InterruptedException {
    ForeignDeltas.Casync casync = others.casync(name, image(name));
    long theirs = casync.chunkBytes() + casync.indexBytes();
    row(name + ": Ratoon, all that its connection carries", ours.carriedBytes());
    row(name + ": the same counted at the cable, with TCP", ours.crossedBytes());
    report.note(
        String.format(
            Locale.ROOT,
            "%-58s %10.1f s until it is there; finding the difference: %.2f s of processor time",
            "",
            ours.seconds(),
            planning));
    row(name + ": casync, chunks and index", theirs);
    report.note(
        String.format(Locale.ROOT, "%-58s %10.1f s of processor time", "", casync.cpuSeconds()));
    row(name + ": zstd -3 --long=31 --patch-from", others.patch(image(name)));
    row(name + ": zstd -3 of the whole", others.whole(image(name)));
    report.atMost(name + "-bytes-beside-casync", (double) ours.carriedBytes() / theirs, 0.7);
    report.atLeast(name + "-planning-times-faster-than-casync", casync.cpuSeconds() / planning, 5);
  }

  private void row(String what, long bytes) {
    report.note(String.format(Locale.ROOT, "%-58s %10.1f", what, bytes / MEGA));
  }

  private void disk(String name, VersionAgent.Stored version, Arrived onExt4, Arrived onXfs) {
    taken(name, "ext4", version, onExt4);
    taken(name, "XFS with reflinks", version, onXfs);
    if (name.equals("upgraded")) {
      report.atMost("upgraded-disk-on-ext4", (double) onExt4.takenBytes() / version.bytes(), 0.40);
    } else {
      report.atMost("rebuilt-disk-on-xfs", (double) onXfs.takenBytes() / version.bytes(), 0.45);
    }
  }

  private void taken(String name, String where, VersionAgent.Stored version, Arrived arrived) {
    report.note(
        String.format(
            Locale.ROOT,
            "%-58s %10.1f of %.1f, %s",
            name + ": disk taken on " + where,
            arrived.takenBytes() / MEGA,
            version.bytes() / MEGA,
            arrived.layout().toLowerCase(Locale.ROOT)));
  }
}
