package dev.ratoon.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Several KVM hosts on this machine, made by {@code lab/fleet.sh}. Closing ends them all. */
public final class Fleet implements AutoCloseable {
  private static final long PREFIXES = 10_000;
  private static final AtomicInteger STARTED = new AtomicInteger();
  private final Path script;
  private final Path root;
  private final Map<String, String> environment;

  private Fleet(Path script, Path root, Map<String, String> environment) {
    this.script = script;
    this.root = root;
    this.environment = environment;
  }

  /** Starts {@code hosts} hosts, numbered from 1, apart from all other fleets on this machine. */
  public static Fleet start(int hosts) {
    char which = (char) ('a' + STARTED.getAndIncrement());
    String prefix = "r" + which + ProcessHandle.current().pid() % PREFIXES;
    try {
      Path root = Files.createTempDirectory("ratoon-fleet-");
      Map<String, String> environment =
          Map.of("FLEET_PREFIX", prefix, "FLEET_ROOT", root.toString());
      Fleet fleet = new Fleet(Checkout.root().resolve("lab/fleet.sh"), root, environment);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> fleet.fleet("down")));
      fleet.fleet("up", String.valueOf(hosts)).orFail();
      return fleet;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Runs a command on a host, in /. */
  public Shell.Result exec(int host, List<String> command) {
    List<String> arguments = new ArrayList<>(List.of("exec", String.valueOf(host)));
    arguments.addAll(command);
    return fleet(arguments.toArray(String[]::new));
  }

  /** Sudden death of a host and all its VMs. */
  public void kill(int host) {
    fleet("kill", String.valueOf(host)).orFail();
  }

  /** Starts a dead host again. */
  public void boot(int host) {
    fleet("boot", String.valueOf(host)).orFail();
  }

  /** Ends libvirtd alone; VMs run on. */
  public void killLibvirtd(int host) {
    fleet("libvirtd", String.valueOf(host), "kill").orFail();
  }

  public void startLibvirtd(int host) {
    fleet("libvirtd", String.valueOf(host), "start").orFail();
  }

  /** Plugs a host's cable in, or pulls it. */
  public void link(int host, boolean up) {
    fleet("link", String.valueOf(host), up ? "up" : "down").orFail();
  }

  /** Limits what a host sends and receives, as tc says it; "none" for no limit. */
  public void rate(int host, String rate) {
    fleet("rate", String.valueOf(host), rate).orFail();
  }

  /** A host's address, as the others reach it. */
  public String address(int host) {
    return "10.77.0." + host;
  }

  /** A host's network namespace. */
  Path network(int host) {
    return Path.of("/run/netns", environment.get("FLEET_PREFIX") + "-h" + host);
  }

  /** Where a host's own /srv lies on this machine. */
  public Path srv(int host) {
    return root.resolve("h" + host).resolve("srv");
  }

  @Override
  public void close() {
    fleet("down").orFail();
  }

  private Shell.Result fleet(String... arguments) {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    return Shell.run(environment, command);
  }
}
