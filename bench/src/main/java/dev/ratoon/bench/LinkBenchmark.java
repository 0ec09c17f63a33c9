package dev.ratoon.bench;

import dev.ratoon.server.tls.Certificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * One base of 1 GiB of noise from one agent to another over loopback, beside rsync and scp of the
 * same file: each in its turn, and each until the file is synced. The agents are processes of their
 * own that run already, as agents do ({@link LinkAgent}); they have done it a few times before it
 * counts, so that the compiler has seen the path. So have rsync's daemon and sshd, which are begun
 * here for this alone; their clients are begun anew each time, which takes 10 ms and 150 ms.
 */
final class LinkBenchmark implements AutoCloseable {
  private static final long SIZE = 1L << 30;
  private static final int WARM_UPS = 6;
  private static final int ROUNDS = 9;

  private final Path folder = Files.createTempDirectory(Scratch.folder(), "link");
  private final Path source = folder.resolve("source.raw");
  private final Path target = folder.resolve("target.raw");
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private boolean closed;

  LinkBenchmark() throws IOException {
    // Who loses patience leaves nothing behind either.
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(this::close));
  }

  void run(Report report) throws Exception {
    Tool.require("rsync", "rsync");
    Tool.require("scp", "openssh-client");
    Tool.require("ssh-keygen", "openssh-client");
    Tool.require("/usr/sbin/sshd", "openssh-server");
    Scratch.random(source, SIZE, 1, SIZE);
    makeFleet();
    LinkAgent.Running giver = opened(LinkAgent.start(folder, "give"));
    LinkAgent.Running taker = opened(LinkAgent.start(folder, "take"));
    RsyncDaemon rsyncDaemon = opened(RsyncDaemon.start(folder));
    SshServer sshServer = opened(SshServer.start(folder));
    Samples ours = new Samples("arrival of 1 GiB: TLS, verified, written, synced");
    Samples rsync = new Samples("rsync from a plain daemon, sync");
    Samples scp = new Samples("scp -c aes128-gcm@openssh.com, sync");
    Samples rsyncCpu = new Samples("");
    Samples scpCpu = new Samples("");
    List<Arrived> arrived = new ArrayList<>();
    String where = giver.ask("have " + source);
    for (int i = 0; i < WARM_UPS; i++) {
      Arrived _ = arrive(giver, taker, where);
    }
    List<String> rsyncing = rsyncDaemon.copying(source.getFileName().toString(), target);
    List<String> scping = sshServer.copying(source, target);
    for (int i = 0; i < ROUNDS; i++) {
      arrived.add(arrive(giver, taker, where));
      ours.add(arrived.getLast().seconds());
      copy(rsync, rsyncCpu, rsyncing, rsyncDaemon.process());
      copy(scp, scpCpu, scping, sshServer.process());
    }
    report.table(ours, rsync, scp);
    report.note("");
    for (Samples each : List.of(ours, rsync, scp)) {
      report.note(each.megabytesEachSecond(SIZE));
    }
    whereTimeGoes(report, arrived);
    report.note(
        String.format(
            Locale.ROOT,
            "processor time of rsync: %.2f s; of scp: %.2f s; both ends, sync included",
            rsyncCpu.median(),
            scpCpu.median()));
    report.atLeast("link-times-rsync", Samples.medianRatio(rsync, ours), 0.7);
    report.atLeast("link-times-scp", Samples.medianRatio(scp, ours), 1.5);
  }

  private <T extends AutoCloseable> T opened(T program) {
    synchronized (running) {
      running.push(program);
    }
    return program;
  }

  private void makeFleet() throws Exception {
    // Both agents find the authority's key and certificate there.
    Certificates _ =
        Certificates.in(
            folder.resolve("tls"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Instant.now());
  }

  /**
   * What one arrival took, in seconds.
   *
   * @param firstSeconds until the first chunks were there
   * @param lastSeconds until all chunks were there, but not yet safe
   * @param giverCpu processor time of the agent that gave it
   */
  private record Arrived(
      double seconds, double firstSeconds, double lastSeconds, double giverCpu, double takerCpu) {}

  private Arrived arrive(LinkAgent.Running giver, LinkAgent.Running taker, String where)
      throws Exception {
    taker.ask("prepare " + where);
    settle();
    double giverCpu = Double.parseDouble(giver.ask("cpu"));
    double takerCpu = Double.parseDouble(taker.ask("cpu"));
    long began = System.nanoTime();
    String[] times = taker.ask("bring").split(" ", -1);
    double seconds = (System.nanoTime() - began) / 1e9;
    Arrived arrived =
        new Arrived(
            seconds,
            Double.parseDouble(times[0]),
            Double.parseDouble(times[1]),
            Double.parseDouble(giver.ask("cpu")) - giverCpu,
            Double.parseDouble(taker.ask("cpu")) - takerCpu);
    taker.ask("forget");
    return arrived;
  }

  private void copy(Samples samples, Samples cpu, List<String> command, ProcessHandle server)
      throws Exception {
    settle();
    double before = Tool.endedCpuSeconds(ProcessHandle.current()) + Tool.endedCpuSeconds(server);
    samples.time(
        () -> {
          Tool.run(command);
          Tool.run("sync", target.toString());
        });
    settle(); // and the server's process has ended by now
    cpu.add(Tool.endedCpuSeconds(ProcessHandle.current()) + Tool.endedCpuSeconds(server) - before);
    Files.delete(target);
  }

  /** What was written and removed before is not to be waited for by who comes next. */
  private void settle() throws IOException, InterruptedException {
    Tool.run("sync", "-f", folder.toString());
  }

  private static void whereTimeGoes(Report report, List<Arrived> arrived) {
    double first = median(arrived, Arrived::firstSeconds);
    double last = median(arrived, Arrived::lastSeconds);
    double all = median(arrived, Arrived::seconds);
    report.note(
        String.format(
            Locale.ROOT,
            "an arrival: %.0f ms until chunks come, %.0f ms until the last is verified and"
                + " written, %.0f ms until all is synced and published",
            1000 * first,
            1000 * (last - first),
            1000 * (all - last)));
    report.note(
        String.format(
            Locale.ROOT,
            "processor time of an arrival: %.2f s who gives, %.2f s who takes",
            median(arrived, Arrived::giverCpu),
            median(arrived, Arrived::takerCpu)));
  }

  private static double median(List<Arrived> arrived, ToDoubleFunction<Arrived> what) {
    Samples samples = new Samples("");
    arrived.forEach(each -> samples.add(what.applyAsDouble(each)));
    return samples.median();
  }

  /** Ends what still runs and removes all files. */
  @Override
  public void close() {
    synchronized (running) {
      if (closed) {
        return;
      }
      closed = true;
      while (!running.isEmpty()) {
        end(running.pop());
      }
    }
    try {
      Scratch.remove(folder);
    } catch (IOException left) {
      System.err.println("Not all of " + folder + " could be removed: " + left.getMessage());
    }
  }

  private static void end(AutoCloseable program) {
    try {
      program.close();
    } catch (Exception stubborn) {
      System.err.println(stubborn.getMessage());
    }
  }
}
