package dev.ratoon.simulation;

import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.server.Inside;
import dev.ratoon.server.api.AgentWire;
import dev.ratoon.server.store.Database;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.function.Consumer;

/** One fleet's simulated life, from its first host to the moment when nothing is left to do. */
final class Simulation {
  private static final int BASES = 200;
  private static final int WARM_BASES = 3;
  private static final Duration LOAD = Duration.ofMinutes(10);
  private static final Duration LONGEST_END = Duration.ofMinutes(20);

  /** How long a waiting agent's answer takes to it, and how often that is looked for. */
  private static final Duration ANSWER = Duration.ofMillis(20);

  private static final Duration CHECK_HOSTS = Duration.ofSeconds(10);
  private static final Duration CHECK_ALL = Duration.ofMinutes(1);

  private final Scale scale;
  private final Consumer<String> log;

  /** How large it is. */
  record Scale(int hosts, int vms, long seed, RunningServer.Kind database) {}

  Simulation(Scale scale, Consumer<String> log) {
    this.scale = scale;
    this.log = log;
  }

  Outcome run() throws IOException {
    long began = System.nanoTime();
    Random seeds = new Random(scale.seed());
    try (Agenda agenda = new Agenda();
        RunningServer server = RunningServer.start(scale.database(), agenda.time());
        ApiClient api = server.client();
        Database database = server.database()) {
      Catalogue catalogue = new Catalogue(BASES, new Random(seeds.nextLong()));
      catalogue.write(database, agenda.time().instant());
      var _ = api.call(Endpoints.SETTINGS_CHANGE, Params.NONE, new Settings(true, 0, 1.0));
      Links links = new Links();
      Surroundings around =
          new Surroundings(
              agenda, links, catalogue, new AgentWire(server.server().link()), Pace.USUAL);
      Fleet fleet = new Fleet(scale.hosts(), around, seeds.nextLong(), WARM_BASES);
      fleet.join(api);
      fleet.start();
      say(began, "the fleet has joined");
      Ledger ledger = new Ledger();
      Faults faults = new Faults(agenda, LOAD, seeds.nextLong());
      faults.plan(fleet.workers());
      new Workload(agenda, api, catalogue, ledger).begin(scale.vms(), LOAD, seeds.nextLong());
      Invariants invariants = new Invariants(database, fleet, ledger);
      live(agenda, new Watched(fleet, server.inside(), invariants), began);
      invariants.checkEnd();
      return new Outcome(
          scale.hosts(),
          ledger.vms().size(),
          ledger.refusals(),
          faults.count(),
          agenda.elapsed(),
          Duration.ofNanos(System.nanoTime() - began),
          agenda.events(),
          links.movedBytes(),
          invariants.millisToRunning(),
          ledger.reservationNanos(),
          invariants.broken());
    }
  }

  private record Watched(Fleet fleet, Inside inside, Invariants invariants) {}

  /** Lets time pass until all was done and all has ended, or that takes far too long. */
  private void live(Agenda agenda, Watched watched, long began) {
    Duration checkHosts = CHECK_HOSTS;
    Duration checkAll = CHECK_ALL;
    // A VM may be stopped and started four minutes after its deploy.
    Duration end = LOAD.plus(Duration.ofMinutes(8));
    Duration longest = end.plus(LONGEST_END);
    while (agenda.elapsed().compareTo(longest) < 0) {
      Duration until = agenda.elapsed().plus(ANSWER);
      while (agenda.step(until)) {
        // Until then.
      }
      answer(agenda, watched);
      if (agenda.elapsed().compareTo(checkHosts) >= 0) {
        watched.invariants().checkHosts();
        checkHosts = checkHosts.plus(CHECK_HOSTS);
      }
      if (agenda.elapsed().compareTo(checkAll) >= 0) {
        watched.inside().sweep();
        watched.invariants().check();
        int underWay = watched.invariants().underWay();
        say(began, agenda.elapsed().toMinutes() + " min, under way: " + underWay);
        checkAll = checkAll.plus(CHECK_ALL);
        if (agenda.elapsed().compareTo(end) >= 0 && underWay == 0) {
          return;
        }
      }
    }
  }

  /** Agents that wait are answered. */
  private static void answer(Agenda agenda, Watched watched) {
    for (SimulatedHost host : watched.fleet().hosts()) {
      if (host.listens() && watched.inside().isNewer(host.self().id(), host.known().revision())) {
        agenda.after(Duration.ZERO, host.self().number(), host::ask);
      }
    }
  }

  private void say(long began, String what) {
    log.accept(
        "%5d s  %s".formatted(Duration.ofNanos(System.nanoTime() - began).toSeconds(), what));
  }
}
