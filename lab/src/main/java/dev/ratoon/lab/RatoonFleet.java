package dev.ratoon.lab;

import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.HostView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Hosts that belong together: the first has the server and is the library, the others have joined
 * it and are called {@code host-2}, {@code host-3} and so on. Closing ends them all.
 */
public final class RatoonFleet implements AutoCloseable {
  private final Fleet fleet;
  private final List<RatoonHost> hosts;

  private RatoonFleet(Fleet fleet, int size) {
    this.fleet = fleet;
    this.hosts = IntStream.rangeClosed(1, size).mapToObj(k -> new RatoonHost(fleet, k)).toList();
  }

  /** Starts them; those that join do so when {@link #join} says so. */
  public static RatoonFleet start(int size) {
    Shell.run(Map.of(), List.of(Checkout.root().resolve("ratoon").toString(), "--version"))
        .orFail();
    RatoonFleet started = new RatoonFleet(Fleet.start(size), size);
    started.control().ratoon("up", "--listen", started.fleet.address(1) + ":7800");
    return started;
  }

  /** Lets the host in; returns what that printed for people. */
  public String join(int host) {
    String token = control().ratoon("host", "token", "-q", "--cluster", "west").strip();
    String server = "https://" + fleet.address(1) + ":7800";
    return host(host)
        .tryRatoon("agent", "join", server, "--token", token, "--name", "host-" + host)
        .orFail()
        .err();
  }

  /** The machines and cables. */
  public Fleet machines() {
    return fleet;
  }

  public RatoonHost control() {
    return hosts.getFirst();
  }

  /** One of them, counted from 1. */
  public RatoonHost host(int number) {
    return hosts.get(number - 1);
  }

  /** How the server sees a host. */
  public HostView view(int number) {
    String name = name(number);
    return control().hosts().stream()
        .filter(host -> host.name().text().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** What a host is called. */
  public String name(int number) {
    return number > 1
        ? "host-" + number
        : control().hosts().stream()
            .map(host -> host.name().text())
            .filter(name -> !name.startsWith("host-"))
            .findFirst()
            .orElseThrow();
  }

  /** Lets new VMs go to this host alone. */
  public void placeOn(int number) {
    for (HostView host : control().hosts()) {
      boolean away = !host.name().text().equals(name(number));
      if (host.maintenance() != away) {
        control().ratoon("host", "maintenance", host.name().text(), away ? "on" : "off");
      }
    }
  }

  /** The base disk that an image names, and where it is. */
  public BaseView base(String image) {
    return control().bases().stream()
        .filter(base -> base.images().stream().anyMatch(ref -> ref.name().text().equals(image)))
        .findFirst()
        .orElseThrow();
  }

  /** Where a host keeps an image's base disk, if it has it. */
  public Optional<BaseView.ReplicaView> replica(String image, int number) {
    return base(image).replicas().stream()
        .filter(replica -> replica.host().text().equals(name(number)))
        .findFirst();
  }

  /** The digest of a host's file of an image's base disk. */
  public String sha256(String image, int number) {
    String path = replica(image, number).orElseThrow().path();
    return host(number).run("/usr/bin/sha256sum", path).split(" ")[0];
  }

  /** What came over a host's cable so far, in bytes. */
  public long received(int number) {
    return counter(number, "rx_bytes");
  }

  /** What left over a host's cable so far, in bytes. */
  public long sent(int number) {
    return counter(number, "tx_bytes");
  }

  private long counter(int number, String which) {
    return Long.parseLong(
        host(number).run("/bin/cat", "/sys/class/net/eth0/statistics/" + which).strip());
  }

  @Override
  public void close() {
    fleet.close();
  }
}
