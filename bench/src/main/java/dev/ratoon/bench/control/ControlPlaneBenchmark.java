package dev.ratoon.bench.control;

import dev.ratoon.bench.Report;
import dev.ratoon.model.ImageRef;
import dev.ratoon.simulation.LiveFleet;
import dev.ratoon.simulation.RunningServer;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Deploys through the real API over TLS, on PostgreSQL that syncs every commit, with the agents of
 * a large and of a small fleet simulated: all of it on this one machine. How long an answer takes
 * is counted from when its request was due; a deploy is done when its host has been told of it, has
 * started the VM, and has reported that.
 */
public final class ControlPlaneBenchmark {
  private static final int LARGE = Integer.getInteger("ratoon.bench.hosts", 10_000);
  private static final int SMALL = 100;
  private static final int RATE = Integer.getInteger("ratoon.bench.rate", 520);
  private static final int PROMISED_RATE = 500;

  /** Until most of what runs often has been compiled: servers run for months. */
  private static final Duration WARM_UP =
      Duration.ofSeconds(Integer.getInteger("ratoon.bench.warm", 60));

  private static final Duration MEASURED = Duration.ofSeconds(20);
  private static final Duration ALONE = Duration.ofSeconds(5);
  private static final int AT_ONCE = 512;
  private static final double WITHIN = 1.5;

  private final Report report;

  public ControlPlaneBenchmark(Report report) {
    this.report = report;
  }

  /** What was measured of one fleet. */
  private record Measured(double runningASecond, Load.Done deploys, Load.Done reservations) {}

  public void run() throws IOException, InterruptedException {
    Measured large = measure(LARGE);
    Measured small = measure(SMALL);
    report.atLeast("control-plane-deploys-a-second", large.runningASecond(), PROMISED_RATE);
    report.atMost("control-plane-reservation-p99-millis", large.deploys().millis(0.99), 50);
    report.atLeast(
        "control-plane-reservations-alone-a-second", large.reservations().aSecond(), 5000);
    report.atLeast(
        "control-plane-deploys-a-second-at-100-hosts", small.runningASecond(), PROMISED_RATE);
    report.atMost(
        "control-plane-reservation-p99-times-at-100-hosts",
        small.deploys().millis(0.99) / large.deploys().millis(0.99),
        WITHIN);
    report.atMost(
        "control-plane-reservations-alone-times-slower-at-100-hosts",
        large.reservations().aSecond() / small.reservations().aSecond(),
        WITHIN);
  }

  private Measured measure(int hosts) throws IOException, InterruptedException {
    try (LiveFleet fleet = LiveFleet.start(RunningServer.Kind.DURABLE_POSTGRESQL, hosts);
        Clients clients = new Clients(fleet.running(), Load.CONNECTIONS)) {
      report.note("\n%,d hosts have reported".formatted(hosts));
      SplittableRandom random = new SplittableRandom(hosts);
      Supplier<ImageRef> images =
          () -> {
            synchronized (random) {
              return fleet.image(random);
            }
          };
      Load load = new Load(images, clients::deploy);
      Load.Done warm = load.at(RATE, WARM_UP);
      note("warm-up", warm);
      fleet.running().analyze();
      long before = fleet.vmsRunning();
      long began = System.nanoTime();
      Load.Done deploys = load.at(RATE, MEASURED);
      double running = (fleet.vmsRunning() - before) / ((System.nanoTime() - began) / 1e9);
      note("deploys", deploys);
      report.note(String.format(Locale.ROOT, "  VMs that began to run a second: %.1f", running));
      TimeUnit.SECONDS.sleep(2);
      fleet.silence();
      Load.Done alone =
          new Load(images, request -> fleet.running().inside().deploy(request))
              .asMany(AT_ONCE, ALONE);
      note("reservations alone", alone);
      return new Measured(running, deploys, alone);
    }
  }

  private void note(String what, Load.Done done) {
    report.note(
        String.format(
            Locale.ROOT,
            "  %s: %.1f a second, median %.1f ms, p95 %.1f, p99 %.1f, longest %.1f; failed %d",
            what,
            done.aSecond(),
            done.millis(0.5),
            done.millis(0.95),
            done.millis(0.99),
            done.millis(1),
            done.failed()));
  }
}
