package dev.ratoon.bench.broadcast;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A fleet of real processes: the server with its library on host 0, an agent on each other. */
final class Ratoon implements AutoCloseable {
  private static final String IMAGE = "broadcast";
  private static final Pattern WRITTEN =
      Pattern.compile("\"timestamp\":([0-9]+).*All of base disk");

  private final Hosts hosts;
  private final Path base;
  private final List<Process> processes = new ArrayList<>();
  private Optional<ApiClient> api = Optional.empty();

  Ratoon(Hosts hosts, Path base) {
    this.hosts = hosts;
    this.base = base;
  }

  Hosts hosts() {
    return hosts;
  }

  private Path home(int host) {
    return hosts.folder(host).resolve("ratoon");
  }

  void start() throws IOException, InterruptedException {
    String launcher = System.getenv().getOrDefault("RATOON_LAUNCHER", "./ratoon");
    Map<String, String> environment =
        Map.of("RATOON_HOME", home(0).toString(), "RATOON_LIBVIRT_URI", "qemu+unix:///system?socket=/nowhere", "RATOON_ACCEL", "tcg");
    processes.add(
        hosts.start(0, environment, launcher, "up", "--foreground", "--listen", hosts.address(0) + ":7800"));
    hosts.awaitPort(0, 7800);
    hosts.awaitPort(0, 7801);
    ApiClient client = new ApiClient(ServerAccess.find(environment));
    api = Optional.of(client);
    Programs.await(List.of(hosts.start(0, environment, launcher, "image", "add", IMAGE, base.toString(), "--quiet")));
    for (int host = 1; host <= hosts.receivers(); host++) {
    }
    for (int host = 1; host <= hosts.receivers(); host++) {
      Files.createDirectories(home(host));
      ProcessBuilder builder = new ProcessBuilder(launcher, "host", "token", "-q");
      builder.environment().putAll(environment);
      Process process = builder.start();
      String token = new String(process.getInputStream().readAllBytes()).strip();
      List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx256m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"), "dev.ratoon.bench.broadcast.HostProcess", home(host).toString(), "https://" + hosts.address(0) + ":7800", token, "h" + host));
      processes.add(hosts.start(host, command.toArray(String[]::new)));
    }
    while (client.list(Endpoints.HOST_LIST, Params.NONE).stream().filter(h -> h.connected()).count() <= hosts.receivers()) {
      Thread.sleep(50);
    }
  }

  void broadcast() {
    ApiClient client = api.orElseThrow();
    client.list(Endpoints.VM_DEPLOY, Params.NONE, new DeployRequest(
            new EntityName("vm"),
            hosts.receivers(),
            List.of(
                new DiskRequest(
                    Optional.of(ImageRef.parse(IMAGE)), Optional.empty(), Optional.empty())),
            1,
            Optional.of(400L << 20),
            List.of(new NetworkAttachment.User()),
            Optional.empty(),
            RestartPolicy.NEVER,
            CloudInit.NONE,
            Optional.empty(),
            true));
  }

  void kill(int host) {
    processes.get(host).destroyForcibly();
  }

  /** When a host had written all of the base, in milliseconds since 1970. */
  Optional<Long> writtenAt(int host) throws IOException {
    Path log = home(host).resolve("log.json");
    if (!processes.get(host).isAlive()) {
      throw new IOException("The agent of host " + host + " has ended: " + hosts.folder(host));
    }
    if (!Files.exists(log)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(log)) {
      return lines.map(WRITTEN::matcher).filter(Matcher::find).map(m -> Long.parseLong(m.group(1))).findFirst();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  Path received(int host) throws IOException, InterruptedException {
    while (true) {
      try (Stream<Path> files = Files.list(home(host).resolve("cache"))) {
        Optional<Path> found = files.filter(f -> f.toString().endsWith(".flat.raw")).findFirst();
        if (found.isPresent()) {
          return found.get();
        }
      }
      Thread.sleep(20);
    }
  }

  void stop() throws IOException, InterruptedException {
    api.ifPresent(ApiClient::close);
    api = Optional.empty();
    Programs.end(processes);
    processes.clear();
    for (int host = 0; host <= hosts.receivers(); host++) {
      if (Files.exists(home(host))) {
        if (Boolean.getBoolean("keep.logs")) {
          Path log = home(host).resolve(host == 0 ? "log/ratoon.log" : "log.json");
          if (Files.exists(log)) Files.copy(log, Path.of("/tmp/bc/log-" + host + ".json"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        Programs.run(List.of("chattr", "-f", "-R", "-i", home(host).toString()));
        dev.ratoon.bench.Scratch.remove(home(host));
      }
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    stop();
  }
}
