package dev.ratoon.app.failover;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.FleetHost;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.simulated.SimulatedHypervisor;
import dev.ratoon.cache.Cache;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.fleet.JoinToken;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** A host with a real agent, whose domains are of thin air. */
final class HostInMemory implements AutoCloseable {
  private static final long GIB = 1L << 30;

  private final SimulatedHypervisor hypervisor =
      new SimulatedHypervisor(
          new HypervisorFacts(
              "simulated 1",
              16,
              256 * GIB,
              List.of("default"),
              List.of(),
              Optional.empty(),
              Accelerator.TCG,
              new FileOwner(0, 0)));
  private final Cache cache;
  private final FleetHost host;

  private HostInMemory(Path home, Membership membership) {
    InstantSource clock = InstantSource.system();
    cache = Cache.open(home.resolve("cache"), 1, clock);
    host =
        FleetHost.start(
            home,
            membership,
            hypervisor,
            cache,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            clock,
            () -> {});
  }

  static HostInMemory join(Path home, List<URI> servers, JoinToken token, String name) {
    return new HostInMemory(
        home,
        Membership.join(Agent.folder(home), servers, token, Optional.of(new EntityName(name))));
  }

  List<VmId> domains() {
    return hypervisor.domains().stream().map(DomainStatus::id).toList();
  }

  @Override
  public void close() {
    host.close();
    cache.close();
  }
}
