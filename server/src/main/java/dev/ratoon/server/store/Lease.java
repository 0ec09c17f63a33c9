package dev.ratoon.server.store;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import org.jdbi.v3.core.Handle;

/**
 * The right of one run of a server to write, until the database's clock says otherwise.
 *
 * <p>Every write first takes a shared lock named by the lease's number, which it holds to its end,
 * and then looks whether the lease still stands. Whoever ends the lease of a server that is silent
 * takes the same lock alone: he waits until what that one had begun has ended, and what it begins
 * later sees that the lease is over. So nothing is written under a lease that another has ended, be
 * the server paused for as long as it likes, between any two statements.
 */
public final class Lease {
  static final Lease NONE = new Lease("", 0);

  /** Of the two keys of an advisory lock the first, for leases. */
  static final int LOCKS = 0x5261_746f;

  private static final int LOCK_BITS = 0x7fff_ffff;

  private final String run;
  private final long number;

  Lease(String run, long number) {
    this.run = run;
    this.number = number;
  }

  public String run() {
    return run;
  }

  /** Grows with every start of any server. */
  public long number() {
    return number;
  }

  int lock() {
    return (int) (number & LOCK_BITS);
  }

  /**
   * Makes sure, for the rest of the transaction, that the lease is not ended.
   *
   * @throws RatoonException {@link ErrorCode#SERVER_UNREACHABLE}
   */
  void hold(Handle handle) {
    if (number == 0) {
      return;
    }
    handle.execute("select pg_advisory_xact_lock_shared(?, ?)", LOCKS, lock());
    boolean stands =
        handle
                .createQuery(
                    """
                    select count(*) from server where run = :run and ended_at is null
                      and until > extract(epoch from clock_timestamp()) * 1000\
                    """)
                .bind("run", run)
                .mapTo(Long.class)
                .one()
            > 0;
    if (!stands) {
      throw over("writing to the servers' database");
    }
  }

  static RatoonException over(String doing) {
    return Problem.of(ErrorCode.SERVER_UNREACHABLE, doing)
        .detail("This server was away for too long; others have taken its work up.")
        .next("Ask another server, or again in a moment.")
        .asException();
  }
}
