package dev.ratoon.server.inventory;

import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.server.store.Transaction;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks what comes next for base disks that are about to leave shares as soon as a host says
 * something of one, after its report was taken up: that concerns other hosts, too.
 */
public final class WithdrawalNews implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WithdrawalNews.class);

  private final Runnable advance;
  private final AtomicBoolean due = new AtomicBoolean();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("withdrawals").daemon().factory());

  WithdrawalNews(Runnable advance) {
    this.advance = advance;
  }

  void reported(Transaction tx, HostReport host) {
    if (host.shares().stream().anyMatch(share -> !share.leaving().isEmpty())) {
      tx.afterCommit(this::wake);
    }
  }

  private void wake() {
    if (due.compareAndSet(false, true)) {
      try {
        thread.execute(this::look);
      } catch (RejectedExecutionException closing) {
        // The next run of the server looks.
      }
    }
  }

  private void look() {
    due.set(false);
    try {
      advance.run();
    } catch (RuntimeException tryAgainLater) {
      LOG.atError().setCause(tryAgainLater).log("letting base disks leave shares failed");
    }
  }

  /** Returns when nothing is looked at any more. */
  @Override
  public void close() {
    thread.close();
  }
}
