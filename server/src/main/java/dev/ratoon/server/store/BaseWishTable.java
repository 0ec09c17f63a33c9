package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredBase;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What hosts are to do for base disks, beside what their VMs need. */
public final class BaseWishTable {

  /**
   * A wish; at most one for each host, base and task.
   *
   * @param tenant whose wish it is
   * @param revision of the host's desired state in which it was last asked for
   */
  public record BaseWish(HostId host, DiskId base, BaseTask task, String tenant, long revision) {
    /** As its host shall see it. */
    public DesiredBase desired() {
      return new DesiredBase(base, task, revision);
    }
  }

  private final Handle handle;

  BaseWishTable(Handle handle) {
    this.handle = handle;
  }

  /** Asks for it, or asks again. */
  public void put(BaseWish wish) {
    handle
        .createUpdate(
            """
            insert into base_wish (host, base, task, tenant, revision)
            values (:host, :base, :task, :tenant, :revision)
            on conflict (host, base, task)
            do update set tenant = excluded.tenant, revision = excluded.revision\
            """)
        .bind("host", wish.host().toString())
        .bind("base", wish.base().hex())
        .bind("task", wish.task().name())
        .bind("tenant", wish.tenant())
        .bind("revision", wish.revision())
        .execute();
  }

  public Optional<BaseWish> find(HostId host, DiskId base, BaseTask task) {
    return handle
        .createQuery("select * from base_wish where host = :host and base = :base and task = :task")
        .bind("host", host.toString())
        .bind("base", base.hex())
        .bind("task", task.name())
        .map((row, context) -> read(row))
        .findOne();
  }

  public List<BaseWish> onHost(HostId host) {
    return handle
        .createQuery("select * from base_wish where host = :host order by revision, base, task")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .list();
  }

  /** Whether anything is asked of the host for this base. */
  public boolean names(HostId host, DiskId base) {
    return handle
            .createQuery("select count(*) from base_wish where host = :host and base = :base")
            .bind("host", host.toString())
            .bind("base", base.hex())
            .mapTo(Long.class)
            .one()
        > 0;
  }

  public void remove(HostId host, DiskId base, BaseTask task) {
    handle
        .createUpdate("delete from base_wish where host = :host and base = :base and task = :task")
        .bind("host", host.toString())
        .bind("base", base.hex())
        .bind("task", task.name())
        .execute();
  }

  /** The tenant asks nothing more of any host for this base. */
  public void forget(String tenant, DiskId base) {
    handle
        .createUpdate("delete from base_wish where base = :base and tenant = :tenant")
        .bind("base", base.hex())
        .bind("tenant", tenant)
        .execute();
  }

  private static BaseWish read(ResultSet row) throws SQLException {
    return new BaseWish(
        HostId.parse(row.getString("host")),
        new DiskId(row.getString("base")),
        BaseTask.valueOf(row.getString("task")),
        row.getString("tenant"),
        row.getLong("revision"));
  }
}
