package dev.ratoon.bench.broadcast;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.fleet.FleetHost;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.HypervisorFacts;
import dev.ratoon.agent.simulated.SimulatedHypervisor;
import dev.ratoon.cache.Cache;
import dev.ratoon.model.EntityName;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.protocol.fleet.JoinToken;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** Interim. */
final class HostProcess {
  public static void main(String[] args) throws Exception {
    Path home = Path.of(args[0]);
    System.setProperty("ratoon.log", home.resolve("log.json").toString());
    System.setProperty("logback.configurationFile", "dev/ratoon/app/log.xml");
    Membership fleet =
        Membership.join(
            Agent.folder(home),
            ServerAccess.address(args[1]),
            JoinToken.parse(args[2]),
            Optional.of(new EntityName(args[3])));
    Cache cache = Cache.open(home.resolve("cache"), 2, InstantSource.system());
    SimulatedHypervisor hypervisor =
        new SimulatedHypervisor(
            new HypervisorFacts(
                "simulated",
                2,
                512L << 20,
                List.of(),
                List.of(),
                Optional.empty(),
                Accelerator.values()[0],
                new FileOwner(0, 0)));
    FleetHost.start(
        home,
        fleet,
        hypervisor,
        cache,
        new InetSocketAddress("0.0.0.0", 7801),
        InstantSource.system(),
        () -> {});
    Thread.sleep(Long.MAX_VALUE);
  }
}
