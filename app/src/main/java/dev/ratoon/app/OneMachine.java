package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.AgentConfig;
import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.bases.FleetBases;
import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.host.HostIdentity;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.NoHypervisor;
import dev.ratoon.agent.share.SharedFirst;
import dev.ratoon.agent.share.Shares;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.cache.Cache;
import dev.ratoon.model.HostId;
import dev.ratoon.server.Server;
import dev.ratoon.server.ServerConfig;
import dev.ratoon.server.store.DatabaseAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * Server and agent of one machine, in one process. The server's library and the host's cache are
 * the same cache, so that nothing exists twice. Closing ends both, the agent first; VMs run on.
 */
final class OneMachine {
  private OneMachine() {}

  static Parts start(Path home, ServerOptions options, Map<String, String> environment) {
    Parts parts = new Parts();
    try {
      InstantSource clock = InstantSource.system();
      ServerConfig serverConfig = options.config(home, environment);
      Cache cache = parts.keep(ThisHost.cache(home, clock));
      Server server = parts.keep(Server.start(serverConfig, cache, clock));
      Hypervisor hypervisor =
          parts.keep(
              options.runsVms() ? ThisHost.hypervisor(home, environment) : new NoHypervisor());
      AgentConfig config = new AgentConfig(home, AgentConfig.REPORT_EVERY);
      HostId host = HostIdentity.in(ThisHost.agentFolder(home)).id();
      Shares shares =
          parts.keep(
              Shares.of(cache, host.toString(), ThisHost.agentFolder(home).resolve("shares")));
      Bases others = bases(host, server, cache, shares, serverConfig, environment, clock);
      Bases bases = parts.keep(new SharedFirst(cache, shares, others));
      Agent agent =
          parts.keep(
              Agent.start(
                  config, hypervisor, new Stores(cache, bases, shares), server.link(), clock));
      server.attach(agent.host(), agent);
      return parts;
    } catch (RuntimeException | Error failed) {
      parts.close();
      throw failed;
    }
  }

  /** Hosts know the only server's machine by the address of the server; of several, by its own. */
  private static String ownAddress(ServerConfig config) {
    boolean several =
        config.database().filter(DatabaseAddress.Shared.class::isInstance).isPresent();
    return several
        ? config
            .advertised()
            .map(advertised -> advertised.getHost().replaceAll("[\\[\\]]", ""))
            .orElseGet(() -> config.listen().getAddress().getHostAddress())
        : "";
  }

  /** A server that only this machine reaches has no other hosts to give anything to. */
  private static Bases bases(
      HostId host,
      Server server,
      Cache cache,
      Shares shares,
      ServerConfig config,
      Map<String, String> environment,
      InstantSource clock) {
    InetSocketAddress api = config.listen();
    if (api.getAddress().isLoopbackAddress()) {
      return Bases.of(cache);
    }
    FleetIdentity identity =
        new FleetIdentity(
            host,
            server.hostTls(host),
            server.authorityKey(),
            ListenAddress.ofChunks(environment, Optional.of(api)),
            api.getAddress().getHostAddress(),
            ownAddress(config),
            true);
    return FleetBases.open(identity, cache, server.link(), shares::sources, clock);
  }
}
