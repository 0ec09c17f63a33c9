package dev.ratoon.agent.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.cache.AdoptedBases;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Replica;
import dev.ratoon.cache.Upload;
import dev.ratoon.cache.arrival.ArrivalListener;
import dev.ratoon.cache.arrival.ArrivalSettings;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.channel.Doorman.Admission;
import dev.ratoon.protocol.channel.Part;
import dev.ratoon.protocol.channel.Peer;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.protocol.tls.Pem;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is let in for what: only the host that the server has granted the base, while that holds. */
class GrantedBasesTest {
  private static final HostId SELF = new HostId(new UUID(0, 1));
  private static final HostId ASKER = new HostId(new UUID(0, 2));
  private static final HostId ANOTHER = new HostId(new UUID(0, 3));
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");

  /** Of {@link #ASKER}; the door believes that it was verified. */
  private static final String CERTIFICATE =
      """
      -----BEGIN CERTIFICATE-----
      MIIBsjCCAVmgAwIBAgIUMoe2eR35zr9KSaALMioWjF9iALgwCgYIKoZIzj0EAwIw
      LzEtMCsGA1UEAwwkMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAy
      MB4XDTI2MTEyNTIyNDA1NFoXDTM2MTEyMjIyNDA1NFowLzEtMCsGA1UEAwwkMDAw
      MDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAyMFkwEwYHKoZIzj0CAQYI
      KoZIzj0DAQcDQgAE1P6def/xmwwzm7gGmAgCZfmWGH16F/1uv6eabuFzEhVfX92A
      Als+dN0KVA/d/uFi+SpTgn5awhvdFMQI61Lk56NTMFEwHQYDVR0OBBYEFJLjwbvE
      33oC+QEpINLq4d+vqkPdMB8GA1UdIwQYMBaAFJLjwbvE33oC+QEpINLq4d+vqkPd
      MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgekTt0l4mFdtdRbmH
      N8ReKOzjANUdkF1MM7zbqcad4isCIH8aVxqk3q7EgE2INA8SN11pgO9SYIRSwsfQ
      hJYp3X5F
      -----END CERTIFICATE-----
      """;

  private static final byte[] RANDOM = random();

  @TempDir Path work;
  private final KeyPair authority = keys();
  private Instant now = NOW;
  private Cache cache;
  private Arrivals arrivals;
  private GrantedBases door;
  private DiskId base;
  private Optional<BaseContent> elsewhere = Optional.empty();

  private static byte[] random() {
    byte[] bytes = new byte[1 << 17];
    new Random(5).nextBytes(bytes);
    return bytes;
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @BeforeEach
  void open() throws Exception {
    cache = Cache.open(work.resolve("cache"), 1, InstantSource.system());
    try (Upload upload = cache.beginUpload()) {
      upload.channel().write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
      upload.channel().write(ByteBuffer.wrap(new byte[512]), (1 << 20) - 512);
      base = cache.importUpload(upload, "test.raw", (step, done, total) -> {}).diskId();
    }
    arrivals = new Arrivals(cache, ArrivalSettings.of(SELF.toString(), 1), ArrivalListener.NONE);
    FleetIdentity identity =
        new FleetIdentity(
            SELF,
            () -> {
              throw new IllegalStateException("nobody connects");
            },
            authority.getPublic(),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "server",
            "10.0.0.1");
    door = new GrantedBases(identity, cache, places(), arrivals, () -> now);
  }

  private OtherPlaces places() {
    return new OtherPlaces() {
      @Override
      public List<Source> sources(DiskId id) {
        return List.of();
      }

      @Override
      public Optional<BaseContent> open(DiskId id) {
        return elsewhere.filter(content -> content.manifest().id().equals(id));
      }
    };
  }

  @AfterEach
  void close() throws Exception {
    arrivals.close();
    cache.close();
    try (Stream<Path> files = Files.walk(work)) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  private static ByteBuffer signed(Grant grant, KeyPair by) {
    return ByteBuffer.wrap(grant.signed(by.getPrivate()));
  }

  private ByteBuffer grant(HostId host, DiskId disk, Instant until) {
    return signed(new Grant(host, disk, until), authority);
  }

  private Admission asks(ByteBuffer grant) throws Exception {
    return door.admit(new Peer(ASKER, Pem.certificate(CERTIFICATE)), base, grant);
  }

  private void assertRefused(ByteBuffer grant) {
    RatoonException refusal = catchThrowableOfType(RatoonException.class, () -> asks(grant));
    assertThat(refusal).as("refusal").isNotNull();
    assertThat(refusal.problem().code()).isEqualTo(ErrorCode.FORBIDDEN);
  }

  @Test
  void theHostThatWasGrantedTheBaseGetsIt() throws Exception {
    Admission admission = asks(grant(ASKER, base, NOW.plusSeconds(1)));
    assertThat(admission.base().isComplete()).isTrue();
    assertThat(admission.library()).isFalse();
    admission.base().close();
  }

  @Test
  void anothersGrantOpensNothing() {
    assertRefused(grant(ANOTHER, base, NOW.plusSeconds(60)));
  }

  @Test
  void aGrantForAnotherBaseOpensNothing() {
    assertRefused(grant(ASKER, new DiskId("ab".repeat(32)), NOW.plusSeconds(60)));
  }

  @Test
  void aGrantThatNobodyOfTheFleetSignedOpensNothing() {
    assertRefused(signed(new Grant(ASKER, base, NOW.plusSeconds(60)), keys()));
    assertRefused(ByteBuffer.allocate(0));
    assertRefused(ByteBuffer.allocate(200));
  }

  @Test
  void aGrantThatWasChangedOpensNothing() {
    ByteBuffer longer = grant(ASKER, base, NOW);
    longer.put(1 + 16 + 32, (byte) 1);
    assertRefused(longer);
  }

  @Test
  void aGrantHoldsForAnHourMoreThanItSaysAndNoLonger() throws Exception {
    ByteBuffer grant = grant(ASKER, base, NOW);
    now = NOW.plus(GrantedBases.SKEW).minusMillis(1);
    asks(grant.duplicate()).base().close();
    now = NOW.plus(GrantedBases.SKEW);
    assertRefused(grant);
  }

  @Test
  void aClockThatIsSetByAnHourClosesNoDoor() throws Exception {
    ByteBuffer grant = grant(ASKER, base, NOW.plus(Duration.ofMinutes(15)));
    for (Duration jump : new Duration[] {Duration.ofHours(1), Duration.ofHours(-1)}) {
      now = NOW.plus(jump);
      asks(grant.duplicate()).base().close();
    }
  }

  @Test
  void whatLiesElsewhereForThisHostIsGivenFromThere() throws Exception {
    Files.write(work.resolve("elsewhere.raw"), RANDOM);
    Elsewhere content = new Elsewhere(work.resolve("elsewhere.raw"));
    elsewhere = Optional.of(content);
    assertGiven(content);
  }

  @Test
  void whatLiesInAnAdoptedFileIsGivenForAsLongAsItIsAsItWas() throws Exception {
    Files.write(work.resolve("adopted.raw"), RANDOM);
    Elsewhere content = new Elsewhere(work.resolve("adopted.raw"));
    cache.adopt(
        new NoAdoptedBases() {
          @Override
          public Optional<BaseContent> open(DiskId id) {
            return Optional.of(content).map(BaseContent.class::cast);
          }
        });
    assertGiven(content);

    Admission admission = admitted(content.manifest().id());
    content.altered = true;
    RatoonException refusal =
        catchThrowableOfType(
            RatoonException.class,
            () -> admission.base().read(Part.CONTENT, 0, ByteBuffer.allocate(512)));
    assertThat(refusal.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED);
    admission.base().close();
  }

  private Admission admitted(DiskId disk) throws Exception {
    return door.admit(
        new Peer(ASKER, Pem.certificate(CERTIFICATE)),
        disk,
        grant(ASKER, disk, NOW.plusSeconds(60)));
  }

  private void assertGiven(Elsewhere content) throws Exception {
    Admission admission = admitted(content.manifest().id());
    ByteBuffer got = ByteBuffer.allocate(4096);
    admission.base().read(Part.CONTENT, 70_000, got);
    assertThat(got.array()).isEqualTo(Arrays.copyOfRange(RANDOM, 70_000, 74_096));
    assertThat(admission.base().lengthBytes(Part.MANIFEST)).isPositive();
    assertThat(admission.base().isComplete()).isTrue();
    admission.base().close();
    assertThat(content.closed).hasValue(1);
  }

  /** A base in a file that is not in the cache. */
  private static final class Elsewhere implements BaseContent {
    private final Manifest manifest;
    private final AtomicInteger closed = new AtomicInteger();
    private boolean altered;

    Elsewhere(Path raw) {
      try (VirtualDisk disk = VirtualDisks.open(raw, OpenRules.foreign())) {
        manifest = Manifests.of(disk, 1, Progress.NONE);
      }
    }

    @Override
    public Manifest manifest() {
      return manifest;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      if (altered) {
        throw Problem.of(ErrorCode.BASE_ALTERED, "reading").asException();
      }
      target.put(RANDOM, (int) offset, target.remaining());
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  /** One that has nothing. */
  private abstract static class NoAdoptedBases implements AdoptedBases {
    @Override
    public Optional<Base> parent(DiskId id) {
      return Optional.empty();
    }

    @Override
    public List<Base> chain(Path file) {
      return List.of();
    }

    @Override
    public void require(Base base) {}

    @Override
    public Optional<Manifest> manifest(DiskId id) {
      return Optional.empty();
    }

    @Override
    public List<Replica> replicas() {
      return List.of();
    }
  }

  @Test
  void whatIsNotHereIsNotFound() throws Exception {
    DiskId elsewhere = new DiskId("cd".repeat(32));
    RatoonException refusal =
        catchThrowableOfType(
            RatoonException.class,
            () ->
                door.admit(
                    new Peer(ASKER, Pem.certificate(CERTIFICATE)),
                    elsewhere,
                    grant(ASKER, elsewhere, NOW.plusSeconds(60))));
    assertThat(refusal.problem().code()).isEqualTo(ErrorCode.NOT_FOUND);
  }
}
