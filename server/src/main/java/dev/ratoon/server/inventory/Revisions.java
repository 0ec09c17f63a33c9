package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.Lineage;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.BaseWishTable.BaseWish;
import dev.ratoon.server.store.CleanUpTable.Removal;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/** What each host shall be, and whoever waits for something new in it. */
public final class Revisions {
  private final Database database;
  private final String incarnation;
  private final Histories histories;
  private final Members members;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<HostId, Long> newest = new HashMap<>();

  /** The hosts of which it is known, in this run, that they follow this database. */
  private final Set<HostId> following = new HashSet<>();

  private boolean closed;

  Revisions(Database database, String incarnation, Histories histories, Members members) {
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

  /** Every host shall be something new, as part of a change that concerns all. */
  public void nextOfAll(Transaction tx) {
    List<HostId> all = tx.hosts().all().stream().map(row -> row.facts().id()).toList();
    tx.lock(all);
    all.forEach(host -> next(tx, host));
  }

  /**
   * A host has said how it is.
   *
   * @param follows whether it may be told what it shall be: nobody is before that is known
   */
  void reported(HostId host, long revision, boolean follows) {
    lock.lock();
    try {
      boolean _ = follows ? following.add(host) : following.remove(host);
    } finally {
      lock.unlock();
    }
    tell(host, revision);
  }

  /** Another server has made a newer revision of a host whose agent reports here. */
  void changed(HostId host, long revision) {
    tell(host, revision);
  }

  /** Lets those who wait for a host know of its newest revision. */
  private void tell(HostId host, long revision) {
    lock.lock();
    try {
      newest.merge(host, revision, Math::max);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** See {@link dev.ratoon.protocol.agent.ServerLink#desired}. */
  Optional<DesiredState> desired(HostId host, long known, Duration wait)
      throws InterruptedException {
    long newer = await(host, known, wait);
    if (newer <= known) {
      return Optional.empty();
    }
    String run = histories.run();
    // The revision is read before the rest: what a later change brings is then at worst told twice.
    return database.read(tx ->
        tx.hosts()
            .revision(host)
            .map(revision -> {
              if (tx.shared()) {
                tx.servers().requireNotEnded(run, "telling a host what it shall be");
              }
              return desired(tx, host, revision, new Lineage(run, tx.hosts().replaces(host)));
            }));
  }

  private DesiredState desired(Transaction tx, HostId host, long revision, Lineage lineage) {
    return new DesiredState(
        incarnation,
        revision,
        tx.vms().onHost(host).stream().map(VmRow::desired).toList(),
        Stream.concat(
                tx.baseWishes().onHost(host).stream().map(BaseWish::desired),
                tx.cleanUp().removalsOn(host).stream().map(Removal::desired))
            .toList(),
        Optional.of(tx.fleet().settings().scrubRules()),
        Optional.of(lineage),
        Optional.of(limits(tx, host)),
        shares(tx, host),
        tx.adoptions().onHost(host).stream().map(Adoption::desired).toList());
  }

  private static TransferLimits limits(Transaction tx, HostId host) {
    TransferLimits all = tx.fleet().settings().limits();
    return tx.members()
        .find(host)
        .flatMap(Member::limitBytesPerSecond)
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

  private long await(HostId host, long known, Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long nanos = wait.toNanos();
      while (newestFor(host) <= known && !closed && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      return newestFor(host);
    } finally {
      lock.unlock();
    }
  }

  private long newestFor(HostId host) {
    return following.contains(host) ? newest.getOrDefault(host, -1L) : -1L;
  }

  /** Lets go of those who wait. */
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
