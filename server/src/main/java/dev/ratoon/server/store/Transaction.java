package dev.ratoon.server.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** One look at the database, or one change of it, as the tables it touches. */
public final class Transaction {
  private final Handle handle;
  private final List<Runnable> afterCommit;

  Transaction(Handle handle, List<Runnable> afterCommit) {
    this.handle = handle;
    this.afterCommit = afterCommit;
  }

  public FleetTable fleet() {
    return new FleetTable(handle);
  }

  public TokenTable tokens() {
    return new TokenTable(handle);
  }

  public HostTable hosts() {
    return new HostTable(handle);
  }

  public ImageTable images() {
    return new ImageTable(handle);
  }

  public VmTable vms() {
    return new VmTable(handle);
  }

  public OperationTable operations() {
    return new OperationTable(handle);
  }

  public IdempotencyTable idempotency() {
    return new IdempotencyTable(handle);
  }

  /**
   * Runs {@code then} once the change is durable and before any later one begins; not at all when
   * it is rolled back.
   */
  public void afterCommit(Runnable then) {
    afterCommit.add(then);
  }
}
