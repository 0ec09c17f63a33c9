package dev.ratoon.app;

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
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.server.tls.Certificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

/**
 * Two hosts on loopback, of which one brings bases from the other: so the JVM notes how the path
 * behaves on which all bytes travel, and an agent that was just started compiles it at once.
 * Without that, its first transfers are several times slower.
 */
final class TransferTraining {
  private static final int SIZE = 96 << 20;
  private static final int BASES = 3;
  private static final int EDITS = 200;

  private final Certificates certificates;
  private final Path folder;

  TransferTraining(Path folder) throws IOException, GeneralSecurityException {
    this.folder = folder;
    this.certificates = Certificates.in(folder.resolve("tls"), loopback(), Instant.now());
  }

  /** The later bases are versions of the first: so what relatives have is used, too. */
  void run() throws IOException, InterruptedException {
    Random random = new Random(1);
    byte[] content = new byte[SIZE];
    random.nextBytes(content);
    try (Host giver = new Host("giver", Optional.empty());
        Host taker = new Host("taker", giver.bases.address())) {
      for (int i = 0; i < BASES; i++) {
        Base _ = taker.bases.ready(giver.add(content), Priority.DEPLOY, (done, total) -> {});
        for (int edit = 0; edit < EDITS; edit++) {
          content[random.nextInt(SIZE)]++;
        }
      }
    }
  }

  /** A cache, and what gives and takes from it. */
  private final class Host implements AutoCloseable {
    private final Cache cache;
    private final FleetBases bases;

    Host(String name, Optional<String> other) {
      HostId id = id(name);
      this.cache = Cache.open(folder.resolve(name), 2, InstantSource.system());
      this.bases =
          FleetBases.open(
              new FleetIdentity(
                  id,
                  certificates.ofHost(id),
                  certificates.authorityKey(),
                  loopback(),
                  loopback().getHostString(),
                  loopback().getHostString()),
              cache,
              new Knowing(other),
              OtherPlaces.NONE,
              InstantSource.system());
    }

    DiskId add(byte[] content) throws IOException {
      try (Upload upload = cache.beginUpload()) {
        upload.channel().write(ByteBuffer.wrap(content), 0);
        return cache.importUpload(upload, "training.raw", (step, done, all) -> {}).diskId();
      }
    }

    @Override
    public void close() {
      bases.close();
      cache.close();
    }
  }

  /** The server, as far as it is needed: it knows where all bases are. */
  private final class Knowing implements ServerLink {
    private final Optional<String> address;

    Knowing(Optional<String> address) {
      this.address = address;
    }

    @Override
    public Whereabouts whereabouts(HostId host, DiskId base) {
      Grant grant = new Grant(host, base, Instant.now().plus(Duration.ofHours(1)));
      return new Whereabouts(
          SIZE,
          certificates.signed(grant),
          address.stream()
              .map(at -> new Whereabouts.Place(id("giver"), at, Whereabouts.Kind.READY))
              .toList());
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

  private static HostId id(String name) {
    return new HostId(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)));
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }
}
