package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.Lineage;
import dev.ratoon.protocol.agent.Roster;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.BaseWishTable.BaseWish;
import dev.ratoon.server.store.CleanUpTable.Removal;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.HostTable;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** What each host shall be, and whoever waits for something new in it. */
public final class Revisions {
  private final Database database;
  private final String incarnation;
  private final Histories histories;
  private final Members members;
  private final Map<HostId, Newest> newest = new ConcurrentHashMap<>();
  private volatile boolean closed;
  private final MoveOrders moves;

  Revisions(
      Database database,
      String incarnation,
      Histories histories,
      Members members,
      MoveOrders moves) {
    this.moves = moves;
    this.histories = histories;
    this.members = members;
    this.database = database;
    this.incarnation = incarnation;
  }

  /** A new revision of the host's desired state, as part of a change. */
  long next(Transaction tx, HostId host) {
    long revision = tx.hosts().nextRevision(host);
    tx.tell(new News.Host(host));
    tx.afterCommit(() -> tell(host, revision));
    return revision;
  }

  /** New revisions of several hosts' desired states, as part of a change. */
  Map<HostId, Long> next(Transaction tx, Set<HostId> hosts) {
    Map<HostId, Long> revisions = tx.hosts().nextRevisions(hosts);
    hosts.forEach(host -> tx.tell(new News.Host(host)));
    tx.afterCommit(() -> revisions.forEach(this::tell));
    return revisions;
  }

  /** Every host shall be something new, as part of a change that concerns all. */
  public void nextOfAll(Transaction tx) {
    Set<HostId> all = tx.hosts().ids();
    tx.lock(all);
    var _ = next(tx, all);
  }

  /**
   * A host has said how it is.
   *
   * @param follows whether it may be told what it shall be: nobody is before that is known
   */
  void reported(HostId host, long revision, boolean follows) {
    of(host).reported(revision, follows);
  }

  /** Another server has made a newer revision of a host whose agent reports here. */
  void changed(HostId host, long revision) {
    tell(host, revision);
  }

  /** Lets those who wait for a host know of its newest revision. */
  private void tell(HostId host, long revision) {
    of(host).tell(revision);
  }

  private Newest of(HostId host) {
    return newest.computeIfAbsent(host, _ -> new Newest());
  }

  /** Whether the host may be told something newer than this. */
  public boolean isNewer(HostId host, long known) {
    Newest told = newest.get(host);
    return told != null && told.revision() > known;
  }

  /** The host was removed. */
  void forget(HostId host) {
    newest.remove(host);
  }

  /** See {@link dev.ratoon.protocol.agent.ServerLink#desired}. */
  Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    if (of(host).await(known.revision(), wait, () -> closed) <= known.revision()) {
      return Optional.empty();
    }
    String run = histories.run();
    // The revision is read before the rest: what a later change brings is then at worst told twice.
    return database.read(tx ->
        tx.hosts()
            .wish(host)
            .map(wish -> {
              if (tx.shared()) {
                tx.servers().requireNotEnded(run, "telling a host what it shall be");
              }
              return desired(tx, host, wish, known);
            }));
  }

  private DesiredState desired(Transaction tx, HostId host, HostTable.Wish wish, Known known) {
    boolean changes = wish.replaces().isEmpty() && histories.isOurs(tx, known);
    return new DesiredState(
        incarnation,
        wish.revision(),
        tx.vms().wantedOn(host, changes ? known.revision() : 0),
        wish.ofBases() ? bases(tx, host) : List.of(),
        Optional.of(wish.settings().scrubRules()),
        Optional.of(new Lineage(histories.run(), wish.replaces())),
        Optional.of(limits(wish)),
        wish.ofShares() ? shares(tx, host) : List.of(),
        wish.ofAdoptions()
            ? tx.adoptions().onHost(host).stream().map(Adoption::desired).toList()
            : List.of(),
        moves.of(tx, host),
        changes ? Optional.of(Roster.of(tx.vms().epochsOn(host))) : Optional.empty());
  }

  private static List<DesiredBase> bases(Transaction tx, HostId host) {
    return Stream.concat(
            tx.baseWishes().onHost(host).stream().map(BaseWish::desired),
            tx.cleanUp().removalsOn(host).stream().map(Removal::desired))
        .toList();
  }

  private static TransferLimits limits(HostTable.Wish wish) {
    TransferLimits all = wish.settings().limits();
    return wish.limitBytesPerSecond()
        .map(own -> new TransferLimits(own, own, all.libraryBytesPerSecond(), all.libraryUploads()))
        .orElse(all);
  }

  private List<DesiredShare> shares(Transaction tx, HostId host) {
    Optional<EntityName> cluster = members.find(host).flatMap(Member::cluster);
    return tx.shares().all().stream()
        .filter(share -> share.isFor(host, cluster))
        .map(share -> share.desired(host))
        .toList();
  }

  /** Lets go of those who wait. */
  public void close() {
    closed = true;
    newest.values().forEach(Newest::wake);
  }
}
