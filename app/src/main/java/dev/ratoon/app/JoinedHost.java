package dev.ratoon.app;

import dev.ratoon.agent.fleet.FleetHost;
import dev.ratoon.agent.fleet.Membership;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.cache.Cache;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** The agent of a host that has joined a fleet; its server is on another machine. */
final class JoinedHost {
  private JoinedHost() {}

  /**
   * @param connected is run when the server has answered for the first time
   */
  static Parts start(
      Path home, Membership fleet, Map<String, String> environment, Runnable connected) {
    Parts parts = new Parts();
    try {
      InstantSource clock = InstantSource.system();
      Cache cache = parts.keep(ThisHost.cache(home, clock));
      Hypervisor hypervisor = parts.keep(ThisHost.hypervisor(home, environment));
      parts.keep(
          FleetHost.start(
              home,
              fleet,
              hypervisor,
              cache,
              ListenAddress.ofChunks(environment, Optional.empty()),
              clock,
              connected));
      return parts;
    } catch (RuntimeException | Error failed) {
      parts.close();
      throw failed;
    }
  }
}
