package dev.ratoon.bench;

import dev.ratoon.model.ByteSize;
import dev.ratoon.protocol.api.DiskView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/**
 * What moving VMs to other hosts costs: the bytes that leave over this host's cable when a VM moves
 * that stands still, beside what its own disk takes here; and how long it takes to drain the host
 * of VMs that run, where the others have the base disk and where they have not.
 */
final class MovesBenchmark {
  private static final long WRITTEN_BYTES = 256L << 20;
  private static final String DESTINATION = "h2";

  /** By so much a base is larger that the other hosts have not. */
  private static final long NOISE_BYTES = 64L << 20;

  private static final int DRAINED = 10;
  private static final String AT_ONCE = "3";
  private static final Path SENT = Path.of("/sys/class/net/eth0/statistics/tx_bytes");

  private final RunningRatoon ratoon;
  private final String host;
  private final String launcher;

  /**
   * @param host the one that this runs on
   * @param launcher of the command line
   */
  MovesBenchmark(RunningRatoon ratoon, String host, String launcher) {
    this.ratoon = ratoon;
    this.host = host;
    this.launcher = launcher;
  }

  void run(String image, Report report) throws Exception {
    coldMigration(image, report);
    drains(image, report);
  }

  private void coldMigration(String image, Report report) throws Exception {
    Tool.run(launcher, "base", "precache", image, "--all", "--quiet");
    ratoon.deploy("cold", 1, image, true);
    ratoon.switchOff("cold");
    Path overlay = Path.of(ratoon.vm("cold").disks().getFirst().path().orElseThrow());
    Path noise = Files.createTempFile(Scratch.folder(), "noise", ".raw");
    try {
      Scratch.random(noise, WRITTEN_BYTES, 1, WRITTEN_BYTES);
      String write = "write -q -s " + noise + " 0 " + WRITTEN_BYTES;
      Tool.run("qemu-io", "-f", "qcow2", "-c", write, overlay.toString());
    } finally {
      Files.delete(noise);
    }
    long allocated = allocatedBytes(overlay);
    long before = sent();
    Samples took = new Samples("cold migration of a VM with " + ByteSize.show(allocated));
    took.time(() -> ratoon.moveCold("cold", DESTINATION));
    long moved = sent() - before;
    ratoon.delete("cold");
    report.table(took);
    report.note("  " + ByteSize.show(moved) + " left over the cable, all headers included");
    report.atMost("cold-migration-bytes", (double) moved / allocated, 1.02);
  }

  private void drains(String image, Report report) throws Exception {
    Path unseen = Files.createTempFile(Scratch.folder(), "unseen", ".raw");
    try {
      withNoiseBehind(ratoon.basePath(image, host), unseen);
      ratoon.importImage("unseen", unseen);
    } finally {
      Files.delete(unseen);
    }
    drain("unseen", "the others have not the base", report);
    drain("unseen", "the others have the base", report);
  }

  private void drain(String image, String where, Report report) throws Exception {
    String name = "drained";
    ratoon.deploy(name, DRAINED, image, false);
    long stored = 0;
    for (int i = 1; i <= DRAINED; i++) {
      ratoon.awaitUserland(name + "-" + i);
      stored += ratoon.vm(name + "-" + i).disks().stream().mapToLong(DiskView::storedBytes).sum();
    }
    long before = sent();
    Samples took = new Samples("drain of " + DRAINED + " VMs that run, " + where);
    took.time(
        () -> Tool.run(launcher, "host", "drain", host, "--live", "--at-once", AT_ONCE, "--quiet"));
    report.table(took);
    report.note(
        String.format(
            Locale.ROOT,
            "  %s left over the cable; the VMs' own disks have %s",
            ByteSize.show(sent() - before),
            ByteSize.show(stored)));
    Tool.run(launcher, "host", "drain", host, "off", "--quiet");
    for (int i = 1; i <= DRAINED; i++) {
      ratoon.delete(name + "-" + i);
    }
  }

  /** The same disk for a guest, which does not look at its end. */
  private static void withNoiseBehind(Path base, Path target)
      throws IOException, InterruptedException {
    Scratch.random(target, NOISE_BYTES, 2, NOISE_BYTES);
    byte[] noise = Files.readAllBytes(target);
    Tool.run("cp", "--sparse=always", "--no-preserve=all", base.toString(), target.toString());
    Files.write(target, noise, StandardOpenOption.APPEND);
  }

  /** Source: stat(2), blocks of 512 bytes. */
  private static long allocatedBytes(Path file) throws IOException, InterruptedException {
    String blocks = Tool.output(List.of("stat", "-c", "%b", file.toString()));
    return Long.parseLong(blocks.strip()) * 512;
  }

  private static long sent() throws IOException {
    return Long.parseLong(Files.readString(SENT).strip());
  }
}
