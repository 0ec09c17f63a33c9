package dev.ratoon.bench;

import dev.ratoon.agent.bases.FleetBases;
import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.bases.OtherPlaces;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Replica;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.server.tls.Certificates;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * As much of an agent as gives and takes bases, at one end of a cable: {@link FleetBases} over a
 * cache, as in the product, and a server that always answers where a base is. It does what it is
 * told line by line, and says one line when it is done; it ends with its input.
 */
final class VersionAgent {
  private static final int PORT = 7801;

  private final Cache cache;
  private final FleetBases bases;
  private long wantedBytes;

  private VersionAgent(Path cacheFolder, Path tlsFolder, Cable.End end) throws Exception {
    InetSocketAddress listen = new InetSocketAddress(InetAddress.ofLiteral(end.address()), PORT);
    Certificates certificates = Certificates.in(tlsFolder, listen, Instant.now());
    this.cache =
        Cache.open(cacheFolder, Runtime.getRuntime().availableProcessors(), InstantSource.system());
    FleetIdentity identity =
        new FleetIdentity(
            host(end),
            certificates.ofHost(host(end)),
            certificates.authorityKey(),
            listen,
            end.address(),
            end.address());
    this.bases =
        FleetBases.open(
            identity, cache, new Knowing(certificates), OtherPlaces.NONE, InstantSource.system());
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // nothing else gets in between
    VersionAgent agent =
        new VersionAgent(Path.of(args[0]), Path.of(args[1]), Cable.End.valueOf(args[2]));
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      answers.println(agent.obey(line.split(" ", -1)));
      answers.flush();
    }
    agent.bases.close();
    agent.cache.close();
    System.exit(0);
  }

  private String obey(String[] words) throws Exception {
    return switch (words[0]) {
      case "import" -> imported(Path.of(words[1]));
      case "bring" -> brought(new DiskId(words[1]), Long.parseLong(words[2]));
      default -> throw new IllegalArgumentException(words[0]);
    };
  }

  /** Imports a file. Says the base's id and what is stored of it. */
  private String imported(Path file) throws IOException {
    try (Upload upload = cache.beginUpload();
        FileChannel source = FileChannel.open(file)) {
      for (long at = 0; at < source.size(); ) {
        at += source.transferTo(at, source.size() - at, upload.channel());
      }
      return stored(cache.importUpload(upload, "version", (step, done, all) -> {}).diskId());
    }
  }

  private String brought(DiskId id, long sizeBytes) throws InterruptedException {
    wantedBytes = sizeBytes;
    DiskId came = bases.ready(id, Priority.DEPLOY, (done, total) -> {}).id();
    return stored(came);
  }

  private String stored(DiskId id) {
    Replica replica =
        cache.replicas().stream().filter(r -> r.base().id().equals(id)).findFirst().orElseThrow();
    return id.hex() + " " + replica.storedBytes() + " " + replica.layout().name();
  }

  /** The server, which knows where all bases are without looking. */
  private final class Knowing implements ServerLink {
    private final Certificates certificates;

    Knowing(Certificates certificates) {
      this.certificates = certificates;
    }

    @Override
    public Whereabouts whereabouts(HostId host, DiskId base) {
      Grant grant = new Grant(host, base, Instant.now().plus(Duration.ofHours(1)));
      Whereabouts.Place giving =
          new Whereabouts.Place(
              host(Cable.End.GIVING),
              Cable.End.GIVING.address() + ":" + PORT,
              Whereabouts.Kind.READY);
      return new Whereabouts(wantedBytes, certificates.signed(grant), List.of(giving));
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

  private static HostId host(Cable.End end) {
    return new HostId(UUID.nameUUIDFromBytes(end.name().getBytes(StandardCharsets.UTF_8)));
  }

  /** Begins one, with the heap of an agent. */
  static Running start(Cable cable, Cable.End end, Path cacheFolder, Path tlsFolder)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            VersionAgent.class.getName(),
            cacheFolder.toString(),
            tlsFolder.toString(),
            end.name()));
    return new Running(
        new ProcessBuilder(cable.at(end, command))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /** A base as an agent has it. */
  record Stored(DiskId id, long bytes, String layout) {
    private static Stored of(String answer) {
      String[] words = answer.split(" ", -1);
      return new Stored(new DiskId(words[0]), Long.parseLong(words[1]), words[2]);
    }
  }

  /** An agent that runs, and is told what to do. */
  static final class Running implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;

    private Running(Process process) {
      this.process = process;
      this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    Stored imports(Path file) throws IOException {
      return Stored.of(ask("import " + file));
    }

    /** Brings a base from the other end. */
    Stored brings(DiskId id, long sizeBytes) throws IOException {
      return Stored.of(ask("bring " + id.hex() + " " + sizeBytes));
    }

    private String ask(String order) throws IOException {
      process.getOutputStream().write((order + "\n").getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      String answer = answers.readLine();
      if (answer == null) {
        throw new IOException("an agent has ended instead of: " + order);
      }
      return answer;
    }

    /** Lets it end in order, so that its cache is free again. */
    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      try {
        int _ = process.waitFor();
      } catch (InterruptedException hurry) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
