package dev.ratoon.lab.life;

import dev.ratoon.lab.GuestImages;
import dev.ratoon.lab.RatoonFleet;
import dev.ratoon.lab.RatoonHost;
import dev.ratoon.protocol.api.HostView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A fleet whose parts can be ended, and which can be waited for. */
final class LifeFleet implements AutoCloseable {
  final RatoonFleet fleet;
  final RatoonHost control;
  private final List<RatoonHost> hosts = new ArrayList<>();
  private final List<String> names = new ArrayList<>();

  private LifeFleet(RatoonFleet fleet) {
    this.fleet = fleet;
    this.control = fleet.control();
    hosts.add(control);
    names.add(fleet.name(1));
  }

  /** Hosts that all have the small guest's base. */
  static LifeFleet start(int hosts) {
    LifeFleet started = new LifeFleet(RatoonFleet.start(hosts));
    for (int host = 2; host <= hosts; host++) {
      started.join(started.fleet.host(host));
    }
    started.addSmall();
    started.control.ratoon("base", "precache", "small", "--all");
    return started;
  }

  /** Hosts of which only the first is the fleet's so far. */
  static LifeFleet startAlone(int hosts) {
    return new LifeFleet(RatoonFleet.start(hosts));
  }

  /** Lets the next one in; they come in their order. */
  void join(RatoonHost host) {
    String name = "host-" + (hosts.size() + 1);
    String token = control.ratoon("host", "token", "-q", "--cluster", "west").strip();
    String server = "https://" + fleet.machines().address(1) + ":7800";
    host.ratoon("agent", "join", server, "--token", token, "--name", name);
    hosts.add(host);
    names.add(name);
  }

  void addSmall() {
    String image = GuestImages.small().toString();
    control.ratoon("image", "add", "small", image, "--memory", "96M");
  }

  RatoonHost host(int number) {
    return hosts.get(number - 1);
  }

  int size() {
    return names.size();
  }

  /** What a host is called, counted from 1. */
  String name(int host) {
    return names.get(host - 1);
  }

  /** The number of the host where a VM is. */
  int hostOf(String vm) {
    return names.indexOf(control.vm(vm).host().orElseThrow().text()) + 1;
  }

  /** Waits until all hosts are there, with hypervisors, and nothing is under way any more. */
  void settle() {
    RatoonHost.await(
        "all hosts to be well",
        () ->
            Optional.of(control.hosts()).filter(hosts -> hosts.stream().allMatch(LifeFleet::well)));
    control.awaitQuiet();
  }

  private static boolean well(HostView host) {
    return host.connected() && host.problem().isEmpty();
  }

  /** Starts the server's machine again after its process was ended. */
  void upAgain() {
    control.ratoon("up", "--listen", fleet.machines().address(1) + ":7800");
  }

  @Override
  public void close() {
    fleet.close();
  }
}
