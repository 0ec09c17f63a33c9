package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.libvirt.Acceleration;
import dev.ratoon.agent.libvirt.LibvirtHypervisor;
import dev.ratoon.app.machine.ThisMachine;
import dev.ratoon.cache.Cache;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;

/** What an agent needs of the machine that it runs on. */
final class ThisHost {
  private ThisHost() {}

  static Cache cache(Path home, InstantSource clock) {
    return Cache.open(home.resolve("cache"), Runtime.getRuntime().availableProcessors(), clock);
  }

  static Hypervisor hypervisor(Path home, Map<String, String> environment) {
    Path remembered = agentFolder(home);
    Acceleration acceleration =
        Acceleration.parse(environment.getOrDefault("RATOON_ACCEL", "auto"));
    return LibvirtHypervisor.open(
        ThisMachine.hypervisor(environment), acceleration.choose(remembered));
  }

  /** The agent's own folder, made if it is not there. */
  static Path agentFolder(Path home) {
    Path folder = Agent.folder(home);
    try {
      return Files.createDirectories(folder);
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "making the folder " + folder)
          .detail(String.valueOf(failed.getMessage()))
          .next("Run it as root, or set RATOON_HOME to a folder of yours.")
          .asException(failed);
    }
  }
}
