package dev.ratoon.bench;

import dev.ratoon.agent.bases.FleetBases;
import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.bases.OtherPlaces;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.server.tls.Certificates;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * As much of an agent as gives and takes bases, in a process of its own with the memory of an
 * agent's: {@link FleetBases} over a cache, as in the product, and a server that always answers
 * where the base is. It does what it is told line by line, and says one line when it is done; it
 * ends with its input.
 */
final class LinkAgent {
  private static final long LOOK_MILLIS = 5;

  private final Path folder;
  private final String name;
  private final Certificates certificates;
  private Optional<Open> open = Optional.empty();
  private Optional<Wanted> wanted = Optional.empty();

  /** A cache, and what gives and takes from it. */
  private record Open(Path root, Cache cache, FleetBases bases) {
    void close() throws IOException {
      bases.close();
      cache.close();
      Scratch.remove(root);
    }
  }

  /** What is to be brought, and where it is. */
  private record Wanted(DiskId id, long sizeBytes, String address) {}

  private LinkAgent(Path folder, String name) throws Exception {
    this.folder = folder;
    this.name = name;
    this.certificates = Certificates.in(folder.resolve("tls"), loopback(), Instant.now());
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // nothing else gets in between
    LinkAgent agent = new LinkAgent(Path.of(args[0]), args[1]);
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      answers.println(agent.obey(line.split(" ", -1)));
      answers.flush();
    }
    System.exit(0);
  }

  private String obey(String[] words) throws Exception {
    return switch (words[0]) {
      case "have" -> have(Path.of(words[1]));
      case "prepare" -> {
        wanted = Optional.of(new Wanted(new DiskId(words[1]), Long.parseLong(words[2]), words[3]));
        open = Optional.of(open());
        yield "prepared";
      }
      case "bring" -> bring(wanted.orElseThrow(), open.orElseThrow().bases());
      case "forget" -> {
        open.orElseThrow().close();
        yield "forgotten";
      }
      case "cpu" -> String.valueOf(cpuSeconds());
      default -> throw new IllegalArgumentException(words[0]);
    };
  }

  private Open open() {
    Path root = folder.resolve(name);
    Cache cache = Cache.open(root, Runtime.getRuntime().availableProcessors(), clock());
    HostId host = host(name);
    FleetIdentity identity =
        new FleetIdentity(
            host,
            certificates.ofHost(host),
            certificates.authorityKey(),
            loopback(),
            loopback().getHostString(),
            loopback().getHostString());
    return new Open(
        root, cache, FleetBases.open(identity, cache, new Knowing(), OtherPlaces.NONE, clock()));
  }

  /** Imports the file. Says the base's id and size, and where it can be had. */
  private String have(Path file) throws IOException {
    Open opened = open();
    open = Optional.of(opened);
    try (Upload upload = opened.cache().beginUpload();
        FileChannel source = FileChannel.open(file)) {
      for (long at = 0; at < source.size(); ) {
        at += source.transferTo(at, source.size() - at, upload.channel());
      }
      DiskId id = opened.cache().importUpload(upload, "source", (step, done, all) -> {}).diskId();
      return id.hex() + " " + source.size() + " " + opened.bases().address().orElseThrow();
    }
  }

  /** Brings the base, and says after how many seconds the first chunks and all were there. */
  private static String bring(Wanted wanted, FleetBases bases) throws InterruptedException {
    Watch watch = new Watch(bases, wanted.sizeBytes());
    Thread watching = Thread.ofPlatform().daemon().start(watch);
    Base base = bases.ready(wanted.id(), Priority.DEPLOY, (done, total) -> {});
    watching.interrupt();
    watching.join();
    if (base.sizeBytes() != wanted.sizeBytes()) {
      throw new IllegalStateException("a base of " + base.sizeBytes() + " bytes");
    }
    return watch.firstSeconds + " " + watch.lastSeconds;
  }

  /** Looks how far the one arrival is. */
  private static final class Watch implements Runnable {
    private final FleetBases bases;
    private final long sizeBytes;
    private final long began = System.nanoTime();
    private double firstSeconds;
    private double lastSeconds;

    Watch(FleetBases bases, long sizeBytes) {
      this.bases = bases;
      this.sizeBytes = sizeBytes;
    }

    @Override
    public void run() {
      try {
        while (lastSeconds == 0) {
          long there = bases.arriving().stream().mapToLong(ReplicaReport::storedBytes).sum();
          double now = (System.nanoTime() - began) / 1e9;
          firstSeconds = firstSeconds == 0 && there > 0 ? now : firstSeconds;
          lastSeconds = there == sizeBytes ? now : 0;
          Thread.sleep(LOOK_MILLIS);
        }
      } catch (InterruptedException over) {
        // It was quicker than we looked.
      }
    }
  }

  /** The server, which knows where it is without looking. */
  private final class Knowing implements ServerLink {
    @Override
    public Whereabouts whereabouts(HostId host, DiskId base) {
      Wanted known = wanted.orElseThrow();
      Grant grant = new Grant(host, base, Instant.now().plus(Duration.ofHours(1)));
      return new Whereabouts(
          known.sizeBytes(),
          certificates.signed(grant),
          List.of(new Whereabouts.Place(host("give"), known.address(), Whereabouts.Kind.READY)));
    }

    @Override
    public Optional<DesiredState> desired(HostId host, Known known, Duration wait) {
      return Optional.empty();
    }

    @Override
    public void report(HostReport report) {}

    @Override
    public void report(HostId host, List<VmReport> changed) {}

    @Override
    public void reportBases(HostId host, List<BaseReport> changed) {}
  }

  private static HostId host(String name) {
    return new HostId(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)));
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
  }

  private static InstantSource clock() {
    return InstantSource.system();
  }

  private static double cpuSeconds() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime()
        / 1e9;
  }

  /** Begins one, as {@code ratoon} begins an agent. */
  static Running start(Path folder, String name) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            LinkAgent.class.getName(),
            folder.toString(),
            name);
    return new Running(
        name, new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /** An agent that runs, and is told what to do. */
  static final class Running implements AutoCloseable {
    private final String name;
    private final Process process;
    private final BufferedReader answers;

    private Running(String name, Process process) {
      this.name = name;
      this.process = process;
      this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Tells it something, and waits for its answer. */
    String ask(String order) throws IOException {
      process.getOutputStream().write((order + "\n").getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      String answer = answers.readLine();
      if (answer == null) {
        throw new IOException("the agent '" + name + "' has ended instead of '" + order + "'");
      }
      return answer;
    }

    @Override
    public void close() {
      process.destroy();
      Process _ = process.onExit().join();
    }
  }
}
