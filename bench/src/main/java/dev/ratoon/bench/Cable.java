package dev.ratoon.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Two places on this machine with networks of their own, and a cable between them that carries so
 * many bits a second, each way. What crosses it is counted as on any cable.
 */
final class Cable implements AutoCloseable {
  /** An end of it, in a network of its own. */
  enum End {
    GIVING("10.79.0.1"),
    TAKING("10.79.0.2");

    private final String address;

    End(String address) {
      this.address = address;
    }

    String address() {
      return address;
    }
  }

  private final String prefix = "rv" + ProcessHandle.current().pid() % 100_000;

  Cable(String rate) throws IOException, InterruptedException {
    try {
      for (End end : End.values()) {
        Tool.run("ip", "netns", "add", name(end));
      }
      Tool.run(
          "ip",
          "-n",
          name(End.GIVING),
          "link",
          "add",
          "eth0",
          "type",
          "veth",
          "peer",
          "name",
          "eth0",
          "netns",
          name(End.TAKING));
      for (End end : End.values()) {
        Tool.run("ip", "-n", name(end), "addr", "add", end.address() + "/24", "dev", "eth0");
        Tool.run("ip", "-n", name(end), "link", "set", "lo", "up");
        Tool.run("ip", "-n", name(end), "link", "set", "eth0", "up");
        Tool.run(
            "tc", "-n", name(end), "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", rate,
            "burst", "512kb", "latency", "50ms");
      }
    } catch (IOException | InterruptedException failed) {
      close();
      throw failed;
    }
  }

  private String name(End end) {
    return prefix + (end == End.GIVING ? "-give" : "-take");
  }

  /** The command, to be run at this end. */
  List<String> at(End end, List<String> command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name(end)));
    all.addAll(command);
    return all;
  }

  /** Bytes that have crossed it, both ways. */
  long crossedBytes() throws IOException, InterruptedException {
    String counters = Tool.output(at(End.TAKING, List.of("cat", "/proc/net/dev")));
    String eth0 = counters.lines().filter(line -> line.contains("eth0:")).findFirst().orElseThrow();
    String[] fields = eth0.substring(eth0.indexOf(':') + 1).strip().split("\\s+");
    return Long.parseLong(fields[0]) + Long.parseLong(fields[8]);
  }

  /** What the connections that are open have carried, both ways, TLS and all but TCP's part. */
  long carriedBytes() throws IOException, InterruptedException {
    String sockets = Tool.output(at(End.TAKING, List.of("ss", "-tinH", "state", "established")));
    long bytes = 0;
    for (String word : sockets.split("\\s+")) {
      if (word.startsWith("bytes_received:") || word.startsWith("bytes_acked:")) {
        bytes += Long.parseLong(word.substring(word.indexOf(':') + 1));
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    for (End end : End.values()) {
      try {
        Tool.run("ip", "netns", "del", name(end));
      } catch (IOException neverMade) {
        // there is nothing to remove
      } catch (InterruptedException hurry) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
