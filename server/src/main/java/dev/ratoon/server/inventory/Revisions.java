package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What each host shall be, and whoever waits for something new in it. */
public final class Revisions {
  private final DesiredStates states;
  private final Map<HostId, Newest> newest = new ConcurrentHashMap<>();
  private volatile boolean closed;

  Revisions(DesiredStates states) {
    this.states = states;
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
    states.hasPurged(host);
  }

  /** See {@link dev.ratoon.protocol.agent.ServerLink#desired}. */
  Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    if (of(host).await(known.revision(), wait, () -> closed) <= known.revision()) {
      return Optional.empty();
    }
    return states.of(host, known);
  }

  /** See {@link DesiredStates#isPurging}. */
  boolean isPurging(HostId host) {
    return states.isPurging(host);
  }

  /** See {@link DesiredStates#hasPurged}. */
  void hasPurged(HostId host) {
    states.hasPurged(host);
  }

  /** Lets go of those who wait. */
  public void close() {
    closed = true;
    newest.values().forEach(Newest::wake);
  }
}
