package dev.ratoon.server.operations;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.api.SpaceEvent;
import dev.ratoon.server.store.OperationTable.OperationRow;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Tells listeners how operations have become. A listener that does not keep up is let go. */
public final class Events implements AutoCloseable {
  private static final int MAX_LISTENERS = 128;

  private final List<Subscription> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean closed;

  /**
   * Listens to the tenant's operations, or to one of them.
   *
   * @param ofHosts whether to hear of hosts, too
   */
  public synchronized Subscription subscribe(
      String tenant, Optional<OperationId> only, boolean ofHosts) {
    if (closed || listeners.size() >= MAX_LISTENERS) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "listening to events")
          .detail(closed ? "The server is about to end." : "Too many listen already.")
          .next("Try again later, or ask for the operation with 'wait'.")
          .asException();
    }
    Subscription subscription = new Subscription(tenant, only, ofHosts, listeners::remove);
    listeners.add(subscription);
    return subscription;
  }

  void publish(OperationRow operation) {
    for (Subscription listener : listeners) {
      listener.offer(operation);
    }
  }

  /** Tells those who listen to hosts. */
  public void publish(SpaceEvent space) {
    for (Subscription listener : listeners) {
      listener.offer(space);
    }
  }

  /** Lets all listeners go, and takes no new ones. */
  @Override
  public synchronized void close() {
    closed = true;
    listeners.forEach(Subscription::close);
  }
}
