package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hosts as far as the network goes: each a namespace with an address and a link to one switch. The
 * link carries so much in each direction; the switch itself is as fast as this machine. Host 0 has
 * the library, 1 to N receive. This machine is on the switch too, so that it can look after them.
 */
final class Hosts implements AutoCloseable {
  private static final String SUBNET = "10.78.0.";
  private static final int FIRST_ADDRESS = 10;
  private static final Pattern SENT = Pattern.compile("Sent ([0-9]+) bytes");

  private final String prefix = "rbc" + ProcessHandle.current().pid() % 10_000;
  private final Path root;
  private final int receivers;
  private final int megabits;

  private Hosts(Path root, int receivers, int megabits) {
    this.root = root;
    this.receivers = receivers;
    this.megabits = megabits;
  }

  /** Sets them up; what was made is taken down if that fails. */
  static Hosts up(Path root, int receivers, int megabits) throws IOException, InterruptedException {
    Hosts hosts = new Hosts(root, receivers, megabits);
    try {
      hosts.makeSwitch();
      for (int host = 0; host <= receivers; host++) {
        hosts.plugIn(host);
      }
      return hosts;
    } catch (IOException | InterruptedException failed) {
      hosts.close();
      throw failed;
    }
  }

  int receivers() {
    return receivers;
  }

  int megabits() {
    return megabits;
  }

  String address(int host) {
    return SUBNET + (FIRST_ADDRESS + host);
  }

  /** This machine, as the hosts reach it. */
  String ownAddress() {
    return SUBNET + 1;
  }

  /** Where a host keeps its files. */
  Path folder(int host) {
    return root.resolve("host-" + host);
  }

  /** The command as it is run on a host. */
  List<String> command(int host, List<String> command) {
    List<String> there = new ArrayList<>(List.of("ip", "netns", "exec", namespace(host)));
    there.addAll(command);
    return there;
  }

  /** Starts a program on a host; what it says is in the host's folder. */
  Process start(int host, Map<String, String> environment, String... command) throws IOException {
    Path output = folder(host).resolve(Path.of(command[0]).getFileName() + ".out");
    return Programs.start(command(host, List.of(command)), environment, output);
  }

  Process start(int host, String... command) throws IOException {
    return start(host, Map.of(), command);
  }

  /** Runs a program on a host, which must succeed. */
  String run(int host, String... command) throws IOException, InterruptedException {
    return Programs.run(command(host, List.of(command)));
  }

  /** Kills whatever still runs on a host. */
  void killAll(int host) throws IOException, InterruptedException {
    if (!Files.exists(Path.of("/run/netns").resolve(namespace(host)))) {
      return;
    }
    String pids = Programs.run(List.of("ip", "netns", "pids", namespace(host)));
    for (String pid : pids.strip().split("\\s+")) {
      Optional<ProcessHandle> process =
          pid.isEmpty() ? Optional.empty() : ProcessHandle.of(Long.parseLong(pid));
      process.ifPresent(ProcessHandle::destroyForcibly);
      process.ifPresent(killed -> killed.onExit().join());
    }
  }

  /** Waits until something listens on a TCP port of a host. */
  void awaitPort(int host, int port) throws IOException, InterruptedException {
    long until = System.nanoTime() + 60_000_000_000L;
    while (run(host, "ss", "-Hltn", "sport = :" + port).isBlank()) {
      if (System.nanoTime() > until) {
        throw new IOException("Nothing listens on port " + port + " of " + folder(host));
      }
      Thread.sleep(20);
    }
  }

  /** What a host has sent so far, as its cable saw it: with all headers. */
  long sentBytes(int host) throws IOException, InterruptedException {
    return bytes("tc", "-s", "-n", namespace(host), "qdisc", "show", "dev", "eth0", "root");
  }

  /** What a host was sent so far, with all headers. */
  long receivedBytes(int host) throws IOException, InterruptedException {
    return bytes("tc", "-s", "-n", switchName(), "qdisc", "show", "dev", "h" + host, "root");
  }

  private static long bytes(String... statistics) throws IOException, InterruptedException {
    Matcher sent = SENT.matcher(Programs.run(List.of(statistics)));
    if (!sent.find()) {
      throw new IOException(String.join(" ", statistics) + " does not say how much was sent");
    }
    return Long.parseLong(sent.group(1));
  }

  private void makeSwitch() throws IOException, InterruptedException {
    ip("netns", "add", switchName());
    ipIn(switchName(), "link", "add", "br0", "type", "bridge");
    // Without snooping, as a switch that nobody has set up.
    ipIn(switchName(), "link", "set", "br0", "type", "bridge", "mcast_snooping", "0");
    ipIn(switchName(), "link", "set", "br0", "up");
    ipIn(switchName(), "link", "add", "own", "type", "veth", "peer", "name", prefix, "netns", "1");
    ipIn(switchName(), "link", "set", "own", "master", "br0", "up");
    ip("addr", "add", ownAddress() + "/24", "dev", prefix);
    ip("link", "set", prefix, "up");
  }

  private void plugIn(int host) throws IOException, InterruptedException {
    Files.createDirectories(folder(host));
    String port = "h" + host;
    ip("netns", "add", namespace(host));
    ipIn(
        switchName(),
        "link",
        "add",
        port,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        namespace(host));
    ipIn(switchName(), "link", "set", port, "master", "br0", "up");
    ipIn(namespace(host), "addr", "add", address(host) + "/24", "dev", "eth0");
    ipIn(namespace(host), "link", "set", "lo", "up");
    ipIn(namespace(host), "link", "set", "eth0", "up");
    ipIn(namespace(host), "route", "add", "224.0.0.0/4", "dev", "eth0");
    shape(switchName(), port);
    shape(namespace(host), "eth0");
  }

  private void shape(String namespace, String device) throws IOException, InterruptedException {
    String rate = megabits + "mbit";
    Programs.run(
        List.of(
            "tc", "-n", namespace, "qdisc", "add", "dev", device, "root", "tbf", "rate", rate,
            "burst", "256k", "latency", "50ms"));
  }

  private String namespace(int host) {
    return prefix + "-h" + host;
  }

  private String switchName() {
    return prefix + "-switch";
  }

  private static void ip(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Programs.run(command);
  }

  private static void ipIn(String namespace, String... words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip", "-n", namespace));
    command.addAll(List.of(words));
    Programs.run(command);
  }

  /** Takes down what is there; may be called at any moment. The files stay. */
  @Override
  public void close() throws IOException {
    try {
      takeDown();
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while taking hosts down", ending);
    }
  }

  private void takeDown() throws IOException, InterruptedException {
    for (int host = 0; host <= receivers; host++) {
      killAll(host);
      remove(namespace(host));
    }
    // By itself it would go with the switch, but some time later.
    if (Files.exists(Path.of("/sys/class/net").resolve(prefix))) {
      ip("link", "del", prefix);
    }
    remove(switchName());
  }

  private static void remove(String namespace) throws IOException, InterruptedException {
    if (Files.exists(Path.of("/run/netns").resolve(namespace))) {
      ip("netns", "del", namespace);
    }
  }
}
