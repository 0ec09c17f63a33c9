package dev.ratoon.server.store;

import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * One look at the database, or one change of it, as the tables it touches. It begins with the first
 * table: work that touches none, because memory knew enough, costs nothing.
 */
public final class Transaction implements AutoCloseable {
  private final Jdbi jdbi;
  private final boolean writing;
  private final List<Runnable> afterCommit = new ArrayList<>();
  private @Nullable Handle opened;

  private Transaction(Jdbi jdbi, boolean writing) {
    this.jdbi = jdbi;
    this.writing = writing;
  }

  static Transaction reading(Jdbi jdbi) {
    return new Transaction(jdbi, false);
  }

  static Transaction writing(Jdbi jdbi) {
    return new Transaction(jdbi, true);
  }

  public FleetTable fleet() {
    return new FleetTable(handle());
  }

  public TokenTable tokens() {
    return new TokenTable(handle());
  }

  public HostTable hosts() {
    return new HostTable(handle());
  }

  public MemberTable members() {
    return new MemberTable(handle());
  }

  public JoinTokenTable joinTokens() {
    return new JoinTokenTable(handle());
  }

  public ShareTable shares() {
    return new ShareTable(handle());
  }

  public ImageTable images() {
    return new ImageTable(handle());
  }

  public BaseWishTable baseWishes() {
    return new BaseWishTable(handle());
  }

  public VmTable vms() {
    return new VmTable(handle());
  }

  public PlacementTable placement() {
    return new PlacementTable(handle());
  }

  public AdoptionTable adoptions() {
    return new AdoptionTable(handle());
  }

  public OperationTable operations() {
    return new OperationTable(handle());
  }

  public IdempotencyTable idempotency() {
    return new IdempotencyTable(handle());
  }

  /**
   * Runs {@code then} once the change is durable and before any later one begins; not at all when
   * it is rolled back.
   */
  public void afterCommit(Runnable then) {
    afterCommit.add(then);
  }

  private Handle handle() {
    Handle handle = opened;
    if (handle == null) {
      handle = jdbi.open();
      opened = handle;
      if (writing) {
        handle.begin();
      }
    }
    return handle;
  }

  void commit() {
    if (opened != null) {
      opened.commit();
    }
    afterCommit.forEach(Runnable::run);
  }

  /** Ends it; what was not committed by then is undone. */
  @Override
  public void close() {
    if (opened != null) {
      if (opened.isInTransaction()) {
        opened.rollback();
      }
      opened.close();
    }
  }
}
