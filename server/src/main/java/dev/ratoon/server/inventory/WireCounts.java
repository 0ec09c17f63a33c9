package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.TransferReport;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What hosts have moved, as they reported. An agent that is started again counts anew; what it had
 * counted until then, as far as it was reported, stays in the sums here, so that they only grow.
 */
public final class WireCounts {
  private final Map<HostId, Count> counts = new ConcurrentHashMap<>();
  private final Listener listener;

  /** Hears which hosts there are whose counts can be asked for. */
  public interface Listener {
    void came(HostId host, EntityName name);

    void left(HostId host);
  }

  /** Sums of bytes; see {@link TransferReport}. */
  public record Sums(
      long wireIn, long wireOut, long fromRelatives, long fromPeers, long fromLibrary) {
    static final Sums NOTHING = new Sums(0, 0, 0, 0, 0);

    private static Sums of(TransferReport report) {
      TransferReport.Arrived arrived = report.arrivals();
      return new Sums(
          report.wireBytesIn(),
          report.wireBytesOut(),
          arrived.relativeBytes(),
          arrived.peerBytes(),
          arrived.libraryBytes());
    }

    private Sums plus(Sums other) {
      return new Sums(
          wireIn + other.wireIn,
          wireOut + other.wireOut,
          fromRelatives + other.fromRelatives,
          fromPeers + other.fromPeers,
          fromLibrary + other.fromLibrary);
    }

    /** Reports may overtake each other. */
    private Sums most(Sums other) {
      return new Sums(
          Math.max(wireIn, other.wireIn),
          Math.max(wireOut, other.wireOut),
          Math.max(fromRelatives, other.fromRelatives),
          Math.max(fromPeers, other.fromPeers),
          Math.max(fromLibrary, other.fromLibrary));
    }
  }

  private record Count(String run, Sums earlier, Sums now, int underWay) {}

  public WireCounts(Listener listener) {
    this.listener = listener;
  }

  void take(HostReport report) {
    report
        .transfers()
        .ifPresent(moved -> {
          boolean fresh = counts.put(report.id(), next(counts.get(report.id()), moved)) == null;
          if (fresh) {
            listener.came(report.id(), report.name());
          }
        });
  }

  private static Count next(@Nullable Count before, TransferReport moved) {
    Sums now = Sums.of(moved);
    int underWay = moved.arrivals().underWay();
    if (before == null) {
      return new Count(moved.run(), Sums.NOTHING, now, underWay);
    }
    return before.run().equals(moved.run())
        ? new Count(moved.run(), before.earlier(), now.most(before.now()), underWay)
        : new Count(moved.run(), before.earlier().plus(before.now()), now, underWay);
  }

  void forget(HostId host) {
    if (counts.remove(host) != null) {
      listener.left(host);
    }
  }

  /** What this host has moved since the server was started and its agent before. */
  public Sums of(HostId host) {
    Count count = counts.get(host);
    return count == null ? Sums.NOTHING : count.earlier().plus(count.now());
  }

  /** How many bases are on their way to it. */
  public int underWay(HostId host) {
    Count count = counts.get(host);
    return count == null ? 0 : count.underWay();
  }
}
