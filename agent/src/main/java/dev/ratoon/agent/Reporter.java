package dev.ratoon.agent;

import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the server how the host is: at once which VMs changed, all that changed meanwhile in one
 * message, and so with base disks that are wanted; and now and then, or when asked to, the whole
 * host. A report that is lost is made good by the next whole one.
 */
final class Reporter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Reporter.class);
  private static final long LONGEST_END_MILLIS = 2_000;

  /** Servers take one that has been silent for twice as long for lost. */
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private final HostId host;
  private final ServerLink server;
  private final Supplier<HostReport> whole;
  private final Function<VmId, Optional<VmReport>> vm;
  private final Supplier<List<BaseReport>> bases;
  private final Supplier<List<MoveReport>> moves;
  private final Duration every;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private final Set<VmId> changed = new LinkedHashSet<>();
  private boolean basesChanged;
  private boolean movesChanged;
  private boolean wholeWanted = true;
  private volatile boolean closed;
  private final Thread thread;

  Reporter(
      HostId host,
      ServerLink server,
      Supplier<HostReport> whole,
      Function<VmId, Optional<VmReport>> vm,
      Supplier<List<BaseReport>> bases,
      Supplier<List<MoveReport>> moves,
      Duration every) {
    this.host = host;
    this.server = server;
    this.whole = whole;
    this.vm = vm;
    this.bases = bases;
    this.moves = moves;
    this.every = every;
    this.thread = Thread.ofVirtual().name("reporter").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** This VM is no longer as it was reported. */
  void changed(VmId id) {
    tell(() -> changed.add(id));
  }

  /** What is done for base disks has got on. */
  void basesChanged() {
    tell(() -> basesChanged = true);
  }

  /** A migration has got on. */
  void movesChanged() {
    tell(() -> movesChanged = true);
  }

  /** The host is no longer as it was reported. */
  void hostChanged() {
    tell(() -> wholeWanted = true);
  }

  /** Ends it. A report that is on its way arrives before this returns, unless that takes long. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(LONGEST_END_MILLIS);
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(Runnable note) {
    lock.lock();
    try {
      note.run();
      news.signal();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    while (!closed) {
      try {
        report(await());
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException failed) {
        if (!closed) {
          LOG.warn("A report did not reach the server: {}", failed.getMessage());
          hostChanged();
          pause();
        }
      }
    }
  }

  /** What is to be reported; empty for the whole host. */
  private Optional<News> await() throws InterruptedException {
    lock.lock();
    try {
      long left = untilTheNext().toNanos();
      while (changed.isEmpty() && !basesChanged && !movesChanged && !wholeWanted && left > 0) {
        left = news.awaitNanos(left);
      }
      News some = new News(Set.copyOf(changed), basesChanged, movesChanged);
      changed.clear();
      basesChanged = false;
      movesChanged = false;
      if (wholeWanted || left <= 0) {
        wholeWanted = false;
        return Optional.empty();
      }
      return Optional.of(some);
    } finally {
      lock.unlock();
    }
  }

  private Duration untilTheNext() {
    Duration said = server.betweenReports();
    Duration enough = said.compareTo(LONGEST) > 0 ? LONGEST : said;
    return enough.compareTo(every) > 0 ? enough : every;
  }

  private record News(Set<VmId> vms, boolean bases, boolean moves) {}

  private void report(Optional<News> some) {
    if (some.isEmpty()) {
      server.report(whole.get());
      reportMoves();
      return;
    }
    List<VmReport> reports = new ArrayList<>();
    for (VmId id : some.get().vms()) {
      vm.apply(id).ifPresent(reports::add);
    }
    if (!reports.isEmpty()) {
      server.report(host, reports);
    }
    if (some.get().bases()) {
      server.reportBases(host, bases.get());
    }
    if (some.get().moves()) {
      reportMoves();
    }
  }

  private void reportMoves() {
    List<MoveReport> all = moves.get();
    if (!all.isEmpty()) {
      server.reportMoves(host, all);
    }
  }

  private void pause() {
    try {
      TimeUnit.SECONDS.sleep(1);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }
}
