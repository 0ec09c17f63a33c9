package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What each host shall be, and whoever waits for something new in it. */
public final class Revisions {
  private final Database database;
  private final String incarnation;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<HostId, Long> newest = new HashMap<>();
  private boolean closed;

  public Revisions(Database database, String incarnation) {
    this.database = database;
    this.incarnation = incarnation;
  }

  /** A new revision of the host's desired state, as part of a change. */
  long next(Transaction tx, HostId host) {
    long revision = tx.hosts().nextRevision(host);
    tx.afterCommit(() -> tell(host, revision));
    return revision;
  }

  /** Lets those who wait for a host know of its newest revision, for example its first. */
  void tell(HostId host, long revision) {
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
    // The revision is read before the VMs: what a later change brings is then at worst told twice.
    return database.read(tx ->
        tx.hosts()
            .revision(host)
            .map(revision ->
                new DesiredState(
                    incarnation,
                    revision,
                    tx.vms().onHost(host).stream().map(VmRow::desired).toList(),
                    tx.adoptions().onHost(host).stream().map(Adoption::desired).toList())));
  }

  private long await(HostId host, long known, Duration wait) throws InterruptedException {
    lock.lock();
    try {
      Long revision = newest.get(host);
      if (revision == null) {
        revision = database.read(tx -> tx.hosts().revision(host)).orElse(-1L);
        newest.put(host, revision);
      }
      long nanos = wait.toNanos();
      while (newest.getOrDefault(host, -1L) <= known && !closed && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      return newest.getOrDefault(host, -1L);
    } finally {
      lock.unlock();
    }
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
