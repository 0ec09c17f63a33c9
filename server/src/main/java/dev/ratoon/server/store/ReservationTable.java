package dev.ratoon.server.store;

import org.jdbi.v3.core.Handle;

/**
 * Lets placements of several servers be decided at once, and each of them alone where that has
 * failed too often.
 */
public final class ReservationTable {
  private static final int LOCK = 0x506c_6163;

  private final Handle handle;
  private final boolean shared;

  ReservationTable(Handle handle, boolean shared) {
    this.handle = handle;
    this.shared = shared;
  }

  /** Waits while somebody places alone; from now on nobody does until this ends. */
  public void withOthers() {
    if (shared) {
      handle.execute("select pg_advisory_xact_lock_shared(?, 0)", LOCK);
    }
  }

  /** Waits until nobody else places, and lets nobody begin until this ends. */
  public void alone() {
    if (shared) {
      handle.execute("select pg_advisory_xact_lock(?, 0)", LOCK);
    }
  }
}
