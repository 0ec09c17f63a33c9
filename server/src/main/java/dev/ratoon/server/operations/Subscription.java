package dev.ratoon.server.operations;

import dev.ratoon.model.OperationId;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.SpaceEvent;
import dev.ratoon.server.store.OperationTable.OperationRow;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One listener's view of operations, and of hosts if he wants. What he has not fetched yet waits
 * here, of each operation and host only the latest; a listener for whom more than {@value
 * #MAX_WAITING} wait is let go.
 */
public final class Subscription implements AutoCloseable {
  private static final int MAX_WAITING = 4096;

  private final String tenant;
  private final Optional<OperationId> only;
  private final boolean ofHosts;
  private final Consumer<Subscription> onClose;
  private final Map<Object, Happening> waiting = new LinkedHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean closed;

  Subscription(
      String tenant, Optional<OperationId> only, boolean ofHosts, Consumer<Subscription> onClose) {
    this.tenant = tenant;
    this.only = only;
    this.ofHosts = ofHosts;
    this.onClose = onClose;
  }

  void offer(OperationRow operation) {
    OperationView view = operation.view();
    if (!operation.tenant().equals(tenant) || !only.orElse(view.id()).equals(view.id())) {
      return;
    }
    offer(new Happening.OperationChanged(view));
  }

  void offer(SpaceEvent space) {
    if (ofHosts) {
      offer(new Happening.SpaceChanged(space));
    }
  }

  private void offer(Happening news) {
    lock.lock();
    try {
      waiting.remove(news.subject());
      waiting.put(news.subject(), news);
      changed.signalAll();
      if (waiting.size() <= MAX_WAITING) {
        return;
      }
    } finally {
      lock.unlock();
    }
    close();
  }

  /** The next change; empty when none came in that time or the subscription is over. */
  public Optional<Happening> next(Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long nanos = wait.toNanos();
      while (waiting.isEmpty() && !closed && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      if (closed || waiting.isEmpty()) {
        return Optional.empty();
      }
      Iterator<Happening> first = waiting.values().iterator();
      Happening news = first.next();
      first.remove();
      return Optional.of(news);
    } finally {
      lock.unlock();
    }
  }

  public boolean over() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    onClose.accept(this);
  }
}
