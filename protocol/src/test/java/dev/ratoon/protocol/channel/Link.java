package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;

/** A source with bases, and an asker who can connect to it, over loopback. */
final class Link implements AutoCloseable {
  static final HostId SOURCE = Fleet.host(1);
  static final HostId ASKER = Fleet.host(2);
  static final byte[] GRANT = {1, 2, 3};

  /** As usual, but for machines that have much else to do. */
  static final Timeouts PATIENT =
      new Timeouts(Duration.ofSeconds(20), Duration.ofSeconds(2), Duration.ofSeconds(20));

  private static final SSLContext SOURCE_TLS = Fleet.ONE.tls(SOURCE);
  private static final SSLContext ASKER_TLS = Fleet.ONE.tls(ASKER);

  final Map<DiskId, FakeBase> bases = new ConcurrentHashMap<>();
  final List<Problem> reports = new CopyOnWriteArrayList<>();
  final List<Peer> askers = new CopyOnWriteArrayList<>();
  final ChunkServer server;
  final ChunkClient client;
  volatile boolean library;

  Link(ServingSettings serving, AskerSettings asking) {
    this(serving, asking, System::nanoTime);
  }

  /** With another clock for what was just given. */
  Link(ServingSettings serving, AskerSettings asking, LongSupplier justNow) {
    server =
        ChunkServer.listen(
            anyPort(),
            () -> SOURCE_TLS,
            this::admit,
            serving,
            reports::add,
            new JustGiven(justNow));
    client = new ChunkClient(() -> ASKER_TLS, asking);
  }

  /** With settings that suit a test that is about none of them. */
  static Link usual() {
    return new Link(serving(Packing.NEVER, Rates.none()), asking(16));
  }

  static AskerSettings asking(int window) {
    return new AskerSettings(PATIENT, window, 2);
  }

  static ServingSettings serving(Packing packing, Rates rates) {
    return new ServingSettings(PATIENT, 8, 4, packing, rates);
  }

  /** None that is felt, but one that threads of their own hold to. */
  static RateLimit immense() {
    return RateLimit.of(1L << 40, Ticks.SYSTEM);
  }

  static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  static DiskId disk(int number) {
    return new DiskId("%064x".formatted(number));
  }

  DiskId give(FakeBase base) {
    DiskId disk = disk(bases.size() + 1);
    bases.put(disk, base);
    return disk;
  }

  PeerConnection connect() {
    return client.open(server.address(), SOURCE);
  }

  PeerStream stream(FakeBase base) {
    return stream(base, new Heard());
  }

  PeerStream stream(FakeBase base, StreamListener heard) {
    return connect().stream(give(base), GRANT, heard);
  }

  private Doorman.Admission admit(Peer peer, DiskId disk, java.nio.ByteBuffer grant) {
    askers.add(peer);
    if (!grant.equals(java.nio.ByteBuffer.wrap(GRANT))) {
      throw Problem.of(ErrorCode.FORBIDDEN, "giving a base").detail("No grant.").asException();
    }
    FakeBase base = bases.get(disk);
    if (base == null) {
      throw Problem.of(ErrorCode.BASE_MISSING, "giving a base").asException();
    }
    return new Doorman.Admission(base.lend(), library);
  }

  @Override
  public void close() {
    client.close();
    server.close();
  }

  /** What a source said by itself. */
  static final class Heard implements StreamListener {
    private final BitSet there = new BitSet();
    private Optional<Problem> closed = Optional.empty();

    @Override
    public synchronized void has(int firstChunk, BitSet chunks) {
      chunks.stream().forEach(i -> there.set(firstChunk + i));
    }

    @Override
    public synchronized void closed(Problem why) {
      closed = Optional.of(why);
    }

    synchronized BitSet there() {
      return (BitSet) there.clone();
    }

    synchronized Optional<Problem> whyClosed() {
      return closed;
    }
  }
}
