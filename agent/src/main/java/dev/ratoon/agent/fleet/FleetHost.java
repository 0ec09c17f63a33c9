package dev.ratoon.agent.fleet;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.AgentConfig;
import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.bases.FleetBases;
import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.share.SharedFirst;
import dev.ratoon.agent.share.Shares;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.cache.Cache;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;

/** The agent of a host whose server is on another machine. */
public final class FleetHost implements AutoCloseable {
  private final RemoteServer server;
  private final Bases bases;
  private final Shares shares;
  private final Agent agent;
  private final Answering answering;
  private final Renewal renewal;

  private FleetHost(
      RemoteServer server,
      Bases bases,
      Shares shares,
      Agent agent,
      Answering answering,
      Renewal renewal) {
    this.server = server;
    this.bases = bases;
    this.shares = shares;
    this.agent = agent;
    this.answering = answering;
    this.renewal = renewal;
  }

  /**
   * Starts the agent; it goes on whether or not the server answers.
   *
   * @param hypervisor and {@code cache} stay the caller's to close, after this
   * @param listen where base disks are given to other hosts
   * @param connected is run when the server has answered for the first time
   */
  public static FleetHost start(
      Path home,
      Membership membership,
      Hypervisor hypervisor,
      Cache cache,
      InetSocketAddress listen,
      InstantSource clock,
      Runnable connected) {
    Path folder = Agent.folder(home);
    RemoteServer server = new RemoteServer(membership, folder, connected);
    AgentConfig config =
        new AgentConfig(home, AgentConfig.REPORT_EVERY, Optional.of(membership.name()));
    FleetIdentity identity = membership.identity(folder, listen);
    Shares shares = Shares.of(cache, identity.host().toString(), folder.resolve("shares"));
    Bases bases =
        new SharedFirst(cache, shares, FleetBases.open(identity, cache, server, shares, clock));
    Agent agent = Agent.start(config, hypervisor, new Stores(cache, bases, shares), server, clock);
    FleetHost host =
        new FleetHost(
            server,
            bases,
            shares,
            agent,
            new Answering(server, agent),
            new Renewal(server, folder, clock));
    host.answering.start();
    host.renewal.start();
    return host;
  }

  @Override
  public void close() {
    renewal.close();
    answering.close();
    agent.close();
    bases.close();
    shares.close();
    server.close();
  }
}
