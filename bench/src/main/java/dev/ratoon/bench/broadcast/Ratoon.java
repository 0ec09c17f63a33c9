package dev.ratoon.bench.broadcast;

import dev.ratoon.bench.Scratch;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.PrecacheRequest;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A fleet as users have one: the server with its library on host 0, on every other host an agent
 * that has joined. None of the hosts has a hypervisor; to bring bases they need none.
 */
final class Ratoon implements AutoCloseable {
  private static final int API_PORT = 7800;
  private static final int CHUNK_PORT = 7801;
  private static final String NO_HYPERVISOR = "qemu+unix:///system?socket=/nowhere";
  private static final long LOOK_MILLIS = 20;
  private static final Pattern WRITTEN =
      Pattern.compile("\"timestamp\":([0-9]+).*All of base disk ([0-9a-f]+)");

  private final Hosts hosts;
  private final String launcher = System.getenv().getOrDefault("RATOON_LAUNCHER", "./ratoon");
  private final List<Process> server = new ArrayList<>();
  private Optional<ApiClient> api = Optional.empty();

  Ratoon(Hosts hosts) {
    this.hosts = hosts;
  }

  Hosts hosts() {
    return hosts;
  }

  /** Starts all of it, unless it runs. Whoever starts it is told {@code true}. */
  boolean start() throws IOException, InterruptedException {
    if (api.isPresent()) {
      return false;
    }
    String listen = hosts.address(0) + ":" + API_PORT;
    server.add(hosts.start(0, environment(0), launcher, "up", "--foreground", "--listen", listen));
    hosts.awaitPort(0, API_PORT);
    hosts.awaitPort(0, CHUNK_PORT);
    api = Optional.of(new ApiClient(ServerAccess.find(environment(0))));
    List<Process> joining = new ArrayList<>();
    for (int host = 1; host <= hosts.receivers(); host++) {
      JoinTokenRequest anyHost =
          new JoinTokenRequest(Optional.empty(), List.of(), Optional.empty());
      String token = client().call(HostEndpoints.JOIN_TOKEN, Params.NONE, anyHost).token();
      Map<String, String> environment = new HashMap<>(environment(host));
      environment.put("RATOON_JOIN_TOKEN", token);
      String[] join = {launcher, "agent", "join", "https://" + listen, "--name", "h" + host};
      joining.add(hosts.start(host, environment, join));
    }
    for (Process process : joining) {
      // It may be tired of waiting before the agent is connected, which is seen below.
      int _ = process.waitFor();
    }
    while (connected() <= hosts.receivers()) {
      Thread.sleep(LOOK_MILLIS);
    }
    return true;
  }

  /** Gives the library an image with the name of its file. */
  void add(Path image) throws IOException, InterruptedException {
    String _ = ratoon(0, "image", "add", image(image), image.toString(), "--quiet");
  }

  /** Starts a host's agent again. */
  void restart(int host) throws IOException, InterruptedException {
    Process up = hosts.start(host, environment(host), launcher, "agent", "up");
    int _ = up.waitFor();
  }

  private long connected() {
    return client().list(HostEndpoints.HOST_LIST, Params.NONE).stream()
        .filter(HostView::connected)
        .count();
  }

  private Map<String, String> environment(int host) {
    return Map.of(
        "RATOON_HOME",
        home(host).toString(),
        "RATOON_LIBVIRT_URI",
        NO_HYPERVISOR,
        "RATOON_ACCEL",
        "tcg");
  }

  private Path home(int host) {
    return hosts.folder(host).resolve("ratoon");
  }

  private static String image(Path file) {
    return file.getFileName().toString().replace(".raw", "");
  }

  private ApiClient client() {
    return api.orElseThrow();
  }

  /** Runs a command on a host, and returns what it prints. */
  private String ratoon(int host, String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("env"));
    environment(host).forEach((name, value) -> command.add(name + "=" + value));
    command.add(launcher);
    command.addAll(List.of(words));
    return hosts.run(host, command.toArray(String[]::new));
  }

  /** Asks for the image's base on all hosts. */
  void precache(Path image) {
    List<?> _ =
        client()
            .list(
                ImageEndpoints.BASE_PRECACHE,
                Params.of("image", image(image)),
                new PrecacheRequest(List.of(), Optional.empty(), true));
  }

  /** Waits until all hosts have the base published. */
  void awaitReady(Path image) throws InterruptedException {
    while (ready(image).count() <= hosts.receivers()) {
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private BaseView base(Path image) {
    return client().list(ImageEndpoints.BASE_LIST, Params.NONE).stream()
        .filter(base ->
            base.images().stream().anyMatch(name -> name.name().text().equals(image(image))))
        .findFirst()
        .orElseThrow();
  }

  private Stream<BaseView.ReplicaView> ready(Path image) {
    return base(image).replicas().stream().filter(replica -> replica.state() == ReplicaState.READY);
  }

  /** The base of an image that was added. */
  DiskId diskId(Path image) {
    return base(image).diskId();
  }

  /**
   * When a host had written all of a base, in milliseconds since 1970, by its own log: to ask the
   * server for it would take time of the processors that all hosts share.
   */
  Optional<Long> writtenAt(int host, DiskId base) throws IOException {
    String id = base.shortForm();
    try (Stream<String> lines = Files.lines(home(host).resolve("log").resolve("ratoon.log"))) {
      return lines
          .map(WRITTEN::matcher)
          .filter(line -> line.find() && line.group(2).equals(id))
          .map(line -> Long.parseLong(line.group(1)))
          .findFirst();
    } catch (UncheckedIOException unreadable) {
      throw unreadable.getCause();
    }
  }

  /** The base as a host has it. */
  Path received(int host, Path image) throws InterruptedException {
    while (true) {
      Optional<Path> path =
          ready(image)
              .filter(replica -> replica.host().text().equals("h" + host))
              .map(replica -> Path.of(replica.path()))
              .findFirst();
      if (path.isPresent()) {
        return path.get();
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  /** Kills a host's agent. */
  void kill(int host) throws IOException {
    process(host).ifPresent(ProcessHandle::destroyForcibly);
  }

  private Optional<ProcessHandle> process(int host) throws IOException {
    Path file = home(host).resolve("run").resolve("ratoon.pid");
    return Files.exists(file)
        ? ProcessHandle.of(Long.parseLong(Files.readString(file).strip().split(" ")[0]))
        : Optional.empty();
  }

  /** Ends all processes, and removes what they kept. */
  void stop() throws IOException, InterruptedException {
    api.ifPresent(ApiClient::close);
    api = Optional.empty();
    for (int host = 1; host <= hosts.receivers(); host++) {
      process(host).ifPresent(ProcessHandle::destroy);
    }
    Programs.end(server);
    server.clear();
    for (int host = 0; host <= hosts.receivers(); host++) {
      hosts.killAll(host);
      if (Files.exists(home(host))) {
        Programs.run(List.of("chattr", "-f", "-R", "-i", home(host).toString()));
        Scratch.remove(home(host));
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      stop();
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while ending Ratoon", ending);
    }
  }
}
