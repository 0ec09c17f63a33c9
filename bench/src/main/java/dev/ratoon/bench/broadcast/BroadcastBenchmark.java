package dev.ratoon.bench.broadcast;

import dev.ratoon.bench.Report;
import dev.ratoon.bench.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * How long it takes until the last of several cold hosts has a base of random bytes, in plain
 * copies to one host: with Ratoon, with all that it does, and with others. All ways take turns, and
 * every file that arrived is compared with the one that was sent, outside of what is timed.
 */
public final class BroadcastBenchmark {
  private final Report report;
  private final BroadcastOptions options;
  private final Path root;

  private BroadcastBenchmark(Report report, BroadcastOptions options, Path root) {
    this.report = report;
    this.options = options;
    this.root = root;
  }

  public static void run(Report report, List<String> words) throws Exception {
    BroadcastOptions options;
    try {
      options = BroadcastOptions.parse(words);
    } catch (IllegalArgumentException wrong) {
      throw new IOException(wrong.getMessage() + "\nusage: " + BroadcastOptions.USAGE, wrong);
    }
    Programs.requireAll();
    Path root = Files.createTempDirectory(Scratch.folder(), "ratoon-broadcast-");
    CountDownLatch down = new CountDownLatch(1);
    Thread running = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(running, down), "taking down"));
    try {
      new BroadcastBenchmark(report, options, root).run();
    } finally {
      Programs.run(List.of("chattr", "-f", "-R", "-i", root.toString()));
      Scratch.remove(root);
      down.countDown();
    }
  }

  /** Who is told to end takes down first what was set up. */
  private static void end(Thread running, CountDownLatch down) {
    if (down.getCount() > 0) {
      running.interrupt();
    }
    try {
      boolean _ = down.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() throws Exception {
    Images images =
        new Images(Files.createDirectory(root.resolve("images")), (long) options.mebibytes() << 20);
    Images.Image base = images.fresh();
    for (BroadcastOptions.Fleet fleet : options.fleets()) {
      Path folder = root.resolve(fleet.receivers() + "-hosts");
      try (Hosts hosts = Hosts.up(folder, fleet.receivers(), fleet.megabits());
          Aria2Swarm swarm = new Aria2Swarm(hosts, base);
          Ratoon ratoon = new Ratoon(hosts)) {
        measure(
            hosts,
            List.of(
                new PlainCopy(hosts, base),
                new RatoonBroadcast(ratoon, images, false),
                new RatoonBroadcast(ratoon, images, true),
                new BareChain(hosts, base),
                new Udpcast(hosts, base),
                swarm,
                new RsyncFanOut(hosts, base)));
      }
    }
  }

  private void measure(Hosts hosts, List<Way> all) throws Exception {
    List<Way> ways =
        all.stream().filter(way -> way instanceof PlainCopy || options.wants(way.name())).toList();
    List<Measured> measured = new ArrayList<>();
    ways.forEach(way -> measured.add(new Measured(way.name())));
    for (int round = 1; round <= options.rounds(); round++) {
      double plainSeconds = 0;
      for (int i = 0; i < ways.size(); i++) {
        Measured.Run run = once(hosts, ways.get(i), plainSeconds);
        plainSeconds = run.plainSeconds();
        measured.get(i).add(run);
        report.note("round " + round + ": " + ways.get(i).name() + " " + run);
      }
    }
    report.note("");
    report.note(hosts.receivers() + " hosts, links of " + hosts.megabits() + " Mbit/s");
    report.note(Measured.header());
    measured.forEach(m -> report.note(m.row()));
    for (int i = 0; i < ways.size(); i++) {
      if (ways.get(i) instanceof RatoonBroadcast ratoon) {
        promise(hosts, ratoon, measured.get(i));
      }
    }
  }

  private void promise(Hosts hosts, RatoonBroadcast way, Measured measured) {
    String fleet = hosts.receivers() + "-hosts";
    if (way.kills()) {
      report.atMost("broadcast-killed-" + fleet, measured.ratio(), 1.15);
    } else {
      report.atMost("broadcast-" + fleet, measured.ratio(), hosts.receivers() <= 4 ? 1.05 : 1.08);
    }
    report.atMost(
        "broadcast-library-" + (way.kills() ? "killed-" : "") + fleet, measured.librarySent(), 1.1);
  }

  private Measured.Run once(Hosts hosts, Way way, double plainSeconds) throws Exception {
    try {
      way.prepare();
      Programs.run(List.of("sync"));
      return measured(hosts, way, plainSeconds);
    } finally {
      way.cleanUp();
    }
  }

  private Measured.Run measured(Hosts hosts, Way way, double plainSeconds) throws Exception {
    long bytes = (long) options.mebibytes() << 20;
    try (TouchedMemory _ = new TouchedMemory((way.receivers() + 1) * bytes)) {
      long sentBefore = hosts.sentBytes(0);
      CpuTime before = CpuTime.now();
      double seconds = way.send();
      double busy = CpuTime.now().busySince(before);
      double sent = hosts.sentBytes(0) - sentBefore;
      long syncBegan = System.nanoTime();
      Programs.run(List.of("sync"));
      double syncSeconds = (System.nanoTime() - syncBegan) / 1e9;
      check(way);
      return new Measured.Run(
          seconds,
          way instanceof PlainCopy ? seconds : plainSeconds,
          syncSeconds,
          sent / bytes,
          busy);
    }
  }

  private static void check(Way way) throws IOException, InterruptedException {
    for (int host = 1; host <= way.receivers(); host++) {
      Optional<Path> received = way.received(host);
      if (received.isPresent() && !Arrays.equals(Images.sha256(received.get()), way.digest())) {
        throw new IOException(way.name() + ": what host " + host + " has is not what was sent");
      }
    }
  }
}
