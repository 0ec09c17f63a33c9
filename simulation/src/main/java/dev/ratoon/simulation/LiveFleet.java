package dev.ratoon.simulation;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.server.api.AgentWire;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;

/**
 * A server with a fleet of simulated hosts, in the machine's own time, to be measured: each agent
 * waits for what its host shall be as a real one does, and reports as often. Hosts take hardly any
 * time, nothing goes wrong on them, and they have many bases. That they have joined is in the
 * database beforehand.
 */
public final class LiveFleet implements AutoCloseable {
  private static final int BASES = 20;
  private static final int WARM_BASES = 20;
  private static final long SEED = 2026;
  private static final int STARTING_AT_ONCE = 32;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final LiveTime time = new LiveTime();
  private final Catalogue catalogue = new Catalogue(BASES, new Random(SEED));
  private final RunningServer running;
  private final Fleet fleet;
  private final ServerLink server;

  private LiveFleet(RunningServer.Kind kind, int hosts) throws IOException {
    LateLink late = new LateLink();
    server = new AgentWire(late);
    fleet =
        new Fleet(
            hosts,
            new Surroundings(time, new Links(), catalogue, server, Pace.AT_ONCE),
            SEED,
            WARM_BASES);
    running = RunningServer.start(kind, time.time(), this::fill);
    late.become(running.server().link());
  }

  /** Starts a server with so many hosts; returns when all of them have reported. */
  public static LiveFleet start(RunningServer.Kind kind, int hosts) throws IOException {
    LiveFleet live = new LiveFleet(kind, hosts);
    live.startAgents();
    return live;
  }

  private void fill(Database database) {
    Instant now = time.time().instant();
    catalogue.write(database, now);
    database.writeFreely(tx -> {
      for (SimulatedHost host : fleet.workers()) {
        tx.members()
            .put(
                new Member(
                    host.self().id(),
                    host.self().name(),
                    Optional.of(new EntityName("cluster-" + host.self().number() / 500)),
                    new TreeSet<>(),
                    false,
                    Optional.of("of nobody"),
                    now,
                    Optional.empty(),
                    Optional.empty(),
                    false));
      }
      return true;
    });
  }

  private void startAgents() {
    try (ExecutorService threads = Executors.newFixedThreadPool(STARTING_AT_ONCE)) {
      List<Future<?>> begun = new ArrayList<>();
      for (SimulatedHost host : fleet.hosts()) {
        begun.add(threads.submit(() -> time.as(host.self().number(), host::start)));
      }
      for (Future<?> each : begun) {
        each.get();
      }
    } catch (InterruptedException | ExecutionException failed) {
      throw new IllegalStateException("agents do not start", failed);
    }
    fleet.hosts().forEach(host -> time.begin(() -> follow(host)));
  }

  /** As a real agent does: asks for what is newer, and waits until there is such. */
  private void follow(SimulatedHost host) {
    SimulatedHost.Self self = host.self();
    try {
      while (!Thread.currentThread().isInterrupted()) {
        try {
          Optional<DesiredState> newer = server.desired(self.id(), host.known(), LONGEST_WAIT);
          newer.ifPresent(state -> time.as(self.number(), () -> host.takeUp(state)));
        } catch (RatoonException notNow) {
          Thread.sleep(LONGEST_WAIT.dividedBy(30));
        }
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  public RunningServer running() {
    return running;
  }

  /** An image that some have. */
  public ImageRef image(RandomGenerator random) {
    return catalogue.any(random);
  }

  /** How many VMs run on all hosts, about. */
  public long vmsRunning() {
    return fleet.hosts().stream().mapToLong(SimulatedHost::started).sum();
  }

  /** From now on all agents are silent. */
  public void silence() {
    time.close();
  }

  @Override
  public void close() {
    time.close();
    running.close();
  }
}
