package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.time.Instant;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** Which hosts are bringing a base or about to, on whatever server they said so. */
public final class BringingTable {
  private final Handle handle;

  BringingTable(Handle handle) {
    this.handle = handle;
  }

  /** Notes it; a crash may forget it, since the host asks again. */
  public void note(HostId host, DiskId base, Instant now) {
    handle.execute("set local synchronous_commit = off");
    handle
        .createUpdate(
            """
            insert into bringing (base, host, noted_at) values (:base, :host, :now)
            on conflict (base, host) do update set noted_at = excluded.noted_at\
            """)
        .bind("base", base.hex())
        .bind("host", host.toString())
        .bind("now", now.toEpochMilli())
        .execute();
  }

  /** The hosts noted since then. */
  public Set<HostId> since(DiskId base, Instant then) {
    return handle
        .createQuery("select host from bringing where base = :base and noted_at >= :then")
        .bind("base", base.hex())
        .bind("then", then.toEpochMilli())
        .map((row, context) -> HostId.parse(row.getString("host")))
        .set();
  }

  public void forgetBefore(Instant then) {
    handle
        .createUpdate("delete from bringing where noted_at < :then")
        .bind("then", then.toEpochMilli())
        .execute();
  }
}
