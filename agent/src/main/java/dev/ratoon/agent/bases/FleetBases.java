package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.ArrivalProgress;
import dev.ratoon.cache.arrival.ArrivalSettings;
import dev.ratoon.cache.arrival.ArrivalTicket;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.channel.ChunkServer;
import dev.ratoon.protocol.channel.MoveClient;
import dev.ratoon.protocol.channel.MoveDoor;
import dev.ratoon.protocol.channel.MoveLink;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base disks of a host of a fleet. A base that the cache lacks is brought from the hosts that
 * the server names, once, however many VMs wait for it; who else has come by it meanwhile is asked
 * again and again. What the cache has, or is getting, is given to hosts that the server has granted
 * it.
 */
public final class FleetBases implements Bases {
  private static final Logger LOG = LoggerFactory.getLogger(FleetBases.class);
  private static final int PERCENT = 100;

  private final FleetIdentity identity;
  private final Cache cache;
  private final ServerLink server;
  private final Transfers transfers = new Transfers();
  private final OtherPlaces more;
  private final Peers peers;
  private final Arrivals arrivals;
  private final ChunkServer giving;
  private final MoveClient moving;
  private final MoveRoad road;
  private final Map<DiskId, Coming> coming = new ConcurrentHashMap<>();

  private final class Road implements MoveRoad {
    @Override
    public FleetIdentity identity() {
      return identity;
    }

    @Override
    public MoveLink to(DesiredMove move) {
      return moving.open(peers.address(move.other(), move.otherAddress().orElse("")), move.other());
    }

    @Override
    public void admit(MoveDoor door) {
      giving.admitMoves(door);
    }
  }

  /** What is known of a base on its way. */
  private record Coming(long sizeBytes, ArrivalTicket ticket) {}

  private FleetBases(
      FleetIdentity identity,
      Cache cache,
      ServerLink server,
      OtherPlaces more,
      InstantSource clock) {
    this.identity = identity;
    this.cache = cache;
    this.server = server;
    this.more = more;
    this.peers = new Peers(identity, transfers.asking());
    this.arrivals =
        new Arrivals(
            cache,
            ArrivalSettings.of(
                identity.host().toString(), Runtime.getRuntime().availableProcessors()),
            new ArrivalLog());
    this.giving =
        ChunkServer.listen(
            identity.listen(),
            identity.tls(),
            new GrantedBases(identity, cache, more, arrivals, clock),
            transfers.serving(),
            problem -> LOG.info("{}", problem.oneLine()));
    this.moving = new MoveClient(identity.tls(), transfers.serving().rates());
    this.road = new Road();
    transfers.watch(peers);
  }

  /**
   * Begins to give, and to bring what is asked for.
   *
   * @param cache stays the caller's to close, after this
   * @param more other places that have bases
   */
  public static FleetBases open(
      FleetIdentity identity,
      Cache cache,
      ServerLink server,
      OtherPlaces more,
      InstantSource clock) {
    return new FleetBases(identity, cache, server, more, clock);
  }

  @Override
  public Optional<String> address() {
    return Optional.of(identity.ownAddress() + ":" + giving.address().getPort());
  }

  @Override
  public Base ready(DiskId id, Priority priority, Progress progress) throws InterruptedException {
    Optional<Problem> damage = Optional.empty();
    if (cache.find(id).isPresent()) {
      try {
        return cache.use(id);
      } catch (RatoonException altered) {
        if (altered.problem().code() != ErrorCode.BASE_ALTERED) {
          throw altered;
        }
        damage = Optional.of(altered.problem());
        LOG.warn("{}", altered.problem().oneLine());
      }
    }
    try {
      return brought(id, priority, progress);
    } catch (RatoonException failed) {
      throw damage.isEmpty() ? failed : Damaged.unmended(damage.get(), failed);
    }
  }

  private Base brought(DiskId id, Priority priority, Progress progress)
      throws InterruptedException {
    Whereabouts known = whereabouts(id);
    try (ArrivalTicket ticket =
        arrivals.bring(id, known.sizeBytes(), priority, sources(id, known))) {
      coming.put(id, new Coming(known.sizeBytes(), ticket));
      return Waiting.until(ticket, progress, () -> askAgain(id, ticket));
    } finally {
      if (!arrivals.underWay().contains(id)) {
        coming.remove(id);
      }
    }
  }

  /** Where it is; if nobody else says so, but an adopted file of this host has it, that will do. */
  private Whereabouts whereabouts(DiskId id) {
    try {
      return server.whereabouts(identity.host(), id);
    } catch (RatoonException nowhereElse) {
      try (BaseContent content = cache.adopted().open(id).orElse(null)) {
        if (content == null) {
          throw nowhereElse;
        }
        return new Whereabouts(content.manifest().size(), "", List.of());
      }
    }
  }

  /** Who has it by now, and a fresh grant; without a server the arrival goes on as it is. */
  private void askAgain(DiskId id, ArrivalTicket ticket) {
    try {
      sources(id, server.whereabouts(identity.host(), id)).forEach(ticket::add);
    } catch (RatoonException away) {
      LOG.info("{}", away.problem().oneLine());
    }
  }

  private List<Source> sources(DiskId id, Whereabouts known) {
    byte[] grant;
    try {
      grant = Base64.getDecoder().decode(known.grant());
    } catch (IllegalArgumentException malformed) {
      throw Problem.of(ErrorCode.INTERNAL, "reading a grant of the server")
          .detail("It is not base64.")
          .asException(malformed);
    }
    List<Source> sources = new ArrayList<>(more.sources(id));
    for (Whereabouts.Place place : known.places()) {
      peers.grant(place.host(), grant);
      sources.add(new PeerSource(peers, place));
    }
    return sources;
  }

  @Override
  public Optional<MoveRoad> road() {
    return Optional.of(road);
  }

  @Override
  public Optional<TransferReport> transfers() {
    return Optional.of(transfers.report(giving, peers, arrivals));
  }

  @Override
  public void limit(TransferLimits limits) {
    transfers.limit(limits);
  }

  @Override
  public List<ReplicaReport> arriving() {
    List<DiskId> underWay = arrivals.underWay();
    coming.keySet().retainAll(underWay);
    return coming.entrySet().stream()
        .map(entry -> report(entry.getKey(), entry.getValue()))
        .toList();
  }

  private static ReplicaReport report(DiskId id, Coming coming) {
    ArrivalProgress now = coming.ticket().progress();
    long all = Math.max(1, now.dataBytes());
    return new ReplicaReport(
        id,
        Layout.FLAT,
        ReplicaState.ARRIVING,
        "",
        coming.sizeBytes(),
        now.verifiedBytes(),
        (int) Math.min(PERCENT - 1, now.verifiedBytes() * PERCENT / all),
        Optional.empty(),
        "");
  }

  /** Ends giving, then bringing; what was verified is kept. */
  @Override
  public void close() {
    giving.close();
    moving.close();
    arrivals.close();
    peers.close();
    transfers.close();
  }
}
