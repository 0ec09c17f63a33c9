package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * One look at the database, or one change of it, as the tables it touches. It begins with the first
 * table: work that touches none, because memory knew enough, costs nothing.
 */
public final class Transaction implements AutoCloseable {
  private static final String FLEET_LOCK = "pg_advisory_xact_lock(0)";

  private final Jdbi jdbi;
  private final boolean writing;
  private final boolean shared;
  private final Lease lease;
  private final int attempt;
  private final List<Runnable> afterCommit = new ArrayList<>();
  private final Set<News> news = new LinkedHashSet<>();
  private @Nullable Handle opened;

  private Transaction(Jdbi jdbi, boolean writing, boolean shared, Lease lease, int attempt) {
    this.jdbi = jdbi;
    this.writing = writing;
    this.shared = shared;
    this.lease = lease;
    this.attempt = attempt;
  }

  static Transaction reading(Jdbi jdbi, boolean shared) {
    return new Transaction(jdbi, false, shared, Lease.NONE, 1);
  }

  static Transaction writing(Jdbi jdbi, Lease lease, int attempt) {
    return new Transaction(jdbi, true, false, lease, attempt);
  }

  static Transaction shared(Jdbi jdbi, Lease lease, int attempt) {
    return new Transaction(jdbi, true, true, lease, attempt);
  }

  /**
   * Whether other servers write into this database, too. If none does, what memory holds is exact
   * inside a write.
   */
  public boolean shared() {
    return shared;
  }

  /** The run of the server that writes, where there may be others. */
  public Optional<String> run() {
    return shared ? Optional.of(lease.run()) : Optional.empty();
  }

  /** Which attempt at the same work this is, from 1. */
  public int attempt() {
    return attempt;
  }

  /**
   * Lets nobody else change these hosts or anything that is on them until this ends. All that
   * decides by what a host has, and then changes it, begins so. Hosts that have not reported yet
   * cannot be locked.
   */
  public void lock(Collection<HostId> hosts) {
    if (shared && !hosts.isEmpty()) {
      hosts().lock(hosts);
    }
  }

  /** As {@link #lock(Collection)}. */
  public void lock(HostId host) {
    lock(List.of(host));
  }

  /** Lets nobody else change what concerns the whole fleet until this ends; before any host. */
  public void lockFleet() {
    if (shared) {
      handle().execute("select " + FLEET_LOCK);
    }
  }

  /** Tells other servers' memory what has changed. */
  public void tell(News what) {
    if (shared) {
      news.add(what);
    }
  }

  boolean hasNews() {
    return !news.isEmpty();
  }

  public ServerTable servers() {
    return new ServerTable(handle());
  }

  public NewsTable news() {
    return new NewsTable(handle());
  }

  public AskTable asks() {
    return new AskTable(handle());
  }

  public BringingTable bringing() {
    return new BringingTable(handle());
  }

  public ReservationTable reservations() {
    return new ReservationTable(handle(), shared);
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
    return new ImageTable(handle(), shared && writing);
  }

  public BaseWishTable baseWishes() {
    return new BaseWishTable(handle());
  }

  public CleanUpTable cleanUp() {
    return new CleanUpTable(handle());
  }

  public WithdrawalTable withdrawals() {
    return new WithdrawalTable(handle());
  }

  public VmTable vms() {
    return new VmTable(handle());
  }

  public MigrationTable migrations() {
    return new MigrationTable(handle());
  }

  public PlacementTable placement() {
    return new PlacementTable(handle());
  }

  public QuotaTable quotas() {
    return new QuotaTable(handle(), shared && writing);
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
   * Runs {@code then} once the change is durable and, where no other server writes, before any
   * later one begins; not at all when it is rolled back.
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
        lease.hold(handle);
      }
    }
    return handle;
  }

  void commit() {
    if (opened != null) {
      if (!news.isEmpty()) {
        news().add(news, lease.run());
      }
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
