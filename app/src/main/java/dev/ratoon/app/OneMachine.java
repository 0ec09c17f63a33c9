package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.AgentConfig;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.libvirt.Acceleration;
import dev.ratoon.agent.libvirt.LibvirtHypervisor;
import dev.ratoon.cache.Cache;
import dev.ratoon.cli.Version;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.server.Server;
import dev.ratoon.server.ServerConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;

/**
 * Server and agent of one machine, in one process. The server's library and the host's cache are
 * the same cache, so that nothing exists twice. Closing ends both, the agent first; VMs run on.
 */
final class OneMachine implements AutoCloseable {
  private static final String DEFAULT_LIBVIRT = "qemu:///system";
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private OneMachine() {}

  static OneMachine start(Path home, Optional<String> listen, Map<String, String> environment) {
    OneMachine machine = new OneMachine();
    try {
      machine.build(home, listen, environment);
      return machine;
    } catch (RuntimeException | Error failed) {
      machine.close();
      throw failed;
    }
  }

  private void build(Path home, Optional<String> listen, Map<String, String> environment) {
    InstantSource clock = InstantSource.system();
    int cores = Runtime.getRuntime().availableProcessors();
    InetSocketAddress address = ListenAddress.parse(listen, environment);

    Cache cache = keep(Cache.open(home.resolve("cache"), cores, clock));
    Server server =
        keep(Server.start(new ServerConfig(home, address, Version.current()), cache, clock));
    Path remembered = folder(home.resolve("agent"));
    Acceleration acceleration =
        Acceleration.parse(environment.getOrDefault("RATOON_ACCEL", "auto"));
    Hypervisor hypervisor =
        keep(
            LibvirtHypervisor.open(
                environment.getOrDefault("RATOON_LIBVIRT_URI", DEFAULT_LIBVIRT),
                acceleration.choose(remembered)));
    Agent agent =
        keep(
            Agent.start(
                new AgentConfig(home, AgentConfig.REPORT_EVERY),
                hypervisor,
                cache,
                server.link(),
                clock));
    server.attach(agent.host(), agent);
  }

  @Override
  public void close() {
    RuntimeException failure = null;
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception failed) {
        if (failure == null) {
          failure = new IllegalStateException("ending a part of Ratoon", failed);
        } else {
          failure.addSuppressed(failed);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static Path folder(Path folder) {
    try {
      return Files.createDirectories(folder);
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "making the folder " + folder)
          .detail(String.valueOf(failed.getMessage()))
          .next("Run it as root, or set RATOON_HOME to a folder of yours.")
          .asException(failed);
    }
  }

  private <T extends AutoCloseable> T keep(T part) {
    parts.push(part);
    return part;
  }
}
