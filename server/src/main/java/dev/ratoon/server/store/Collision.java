package dev.ratoon.server.store;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.transaction.TransactionException;

/** Why a write to PostgreSQL failed, as far as that says whether to try it again. */
enum Collision {
  /** Others wrote the same at the same moment: nothing of this was written. */
  WITH_OTHERS,
  /** Somebody has made first what may be there once: the next attempt will see it. */
  OVERTAKEN,
  /** The connection is gone, and nothing of this was written. */
  DISCONNECTED,
  /** The connection went while the end was written. */
  UNKNOWN_END,
  /** Something else. */
  NONE;

  private static final int OVERTAKEN_ATTEMPTS = 5;
  private static final int CONNECTION_ATTEMPTS = 3;

  /** Serialization failure, deadlock, lock not available. */
  private static final Set<String> WITH_OTHERS_STATES = Set.of("40001", "40P01", "55P03");

  /** Unique and foreign keys. */
  private static final Set<String> OVERTAKEN_STATES = Set.of("23505", "23503");

  /** Ended by an operator or by a crash; not yet up; ended for being idle or too long. */
  private static final Set<String> ENDED_STATES =
      Set.of("57P01", "57P02", "57P03", "57P05", "25P03", "25P04");

  private static final String DISK_FULL = "53100";

  static Collision of(JdbiException failed) {
    Optional<String> state = state(failed);
    if (state.isEmpty()) {
      return NONE;
    }
    if (WITH_OTHERS_STATES.contains(state.get())) {
      return WITH_OTHERS;
    }
    if (OVERTAKEN_STATES.contains(state.get())) {
      return OVERTAKEN;
    }
    if (!isAway(failed)) {
      return NONE;
    }
    return failed instanceof TransactionException ? UNKNOWN_END : DISCONNECTED;
  }

  /** Whether another attempt is worth it. */
  boolean again(int attempt) {
    return switch (this) {
      case WITH_OTHERS -> true;
      case OVERTAKEN -> attempt < OVERTAKEN_ATTEMPTS;
      case DISCONNECTED -> attempt < CONNECTION_ATTEMPTS;
      case UNKNOWN_END, NONE -> false;
    };
  }

  static boolean isAway(JdbiException failed) {
    return failed instanceof ConnectionException
        || failed.getCause() instanceof SQLTransientConnectionException
        || state(failed)
            .filter(state -> state.startsWith("08") || ENDED_STATES.contains(state))
            .isPresent();
  }

  static boolean isFull(SQLException failed) {
    return DISK_FULL.equals(failed.getSQLState());
  }

  private static Optional<String> state(JdbiException failed) {
    for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql) {
        for (SQLException each = sql; each != null; each = each.getNextException()) {
          String state = each.getSQLState();
          if (state != null) {
            return Optional.of(state);
          }
        }
      }
    }
    return Optional.empty();
  }
}
