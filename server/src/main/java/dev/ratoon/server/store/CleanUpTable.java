package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.api.CachePolicy;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/**
 * The policies by which base disks leave caches, when each was used last, and which are to leave
 * just now. Caches are named by {@link #of(HostId)} and the like.
 */
public final class CleanUpTable {
  /** The scope of the policy that holds where no other does. */
  public static final String FLEET = "fleet";

  private static final String CACHES =
      "select 'host:' || id from host union select 'share:' || name from share";

  /**
   * A base that a host is to remove from its own cache.
   *
   * @param tenant whose operation it is
   * @param revision of the host's desired state in which it was asked for
   */
  public record Removal(HostId host, DiskId base, String tenant, long revision, Instant askedAt) {
    /** As the host shall see it. */
    public DesiredBase desired() {
      return new DesiredBase(base, BaseTask.EVICT, revision);
    }
  }

  /** When a base in a cache was used. */
  public record Use(String cache, DiskId base, Instant at) {}

  private final Handle handle;

  CleanUpTable(Handle handle) {
    this.handle = handle;
  }

  /** The name of a host's own cache. */
  public static String of(HostId host) {
    return "host:" + host;
  }

  /** The name of a share's cache. */
  public static String ofShare(String share) {
    return "share:" + share;
  }

  /** The policies by their scopes: {@link #FLEET}, or the cache that they are for. */
  public Map<String, CachePolicy> policies() {
    Map<String, CachePolicy> found = new HashMap<>();
    handle
        .createQuery("select scope, policy from cache_policy")
        .map((row, context) ->
            Map.entry(row.getString("scope"), Column.json(row, "policy", CachePolicy.class)))
        .forEach(entry -> found.put(entry.getKey(), entry.getValue()));
    return found;
  }

  public void set(String scope, CachePolicy policy) {
    handle
        .createUpdate(
            """
            insert into cache_policy (scope, policy) values (:scope, :policy)
            on conflict (scope) do update set policy = excluded.policy\
            """)
        .bind("scope", scope)
        .bind("policy", Json.write(policy))
        .execute();
  }

  /** Whether there was one. */
  public boolean clear(String scope) {
    return handle
            .createUpdate("delete from cache_policy where scope = :scope")
            .bind("scope", scope)
            .execute()
        > 0;
  }

  /** When bases were used last, by cache. */
  public Map<String, Map<DiskId, Instant>> uses() {
    Map<String, Map<DiskId, Instant>> found = new HashMap<>();
    handle
        .createQuery("select * from base_use")
        .map((row, context) -> use(row))
        .forEach(use ->
            found.computeIfAbsent(use.cache(), _ -> new HashMap<>()).put(use.base(), use.at()));
    return found;
  }

  /** When the base was used last in this cache, if that was ever noted. */
  public Optional<Instant> usedAt(String cache, DiskId base) {
    return handle
        .createQuery("select used_at from base_use where cache = :cache and base = :base")
        .bind("cache", cache)
        .bind("base", base.hex())
        .map((row, context) -> Column.instant(row, "used_at"))
        .findOne();
  }

  /** Notes uses; one that is known to be later stays. */
  public void used(Collection<Use> uses) {
    if (uses.isEmpty()) {
      return;
    }
    PreparedBatch batch =
        handle.prepareBatch(
            """
            insert into base_use (cache, base, used_at) values (:cache, :base, :at)
            on conflict (cache, base) do update set used_at =
              case when base_use.used_at > excluded.used_at
              then base_use.used_at else excluded.used_at end\
            """);
    for (Use use : uses) {
      batch
          .bind("cache", use.cache())
          .bind("base", use.base().hex())
          .bind("at", use.at().toEpochMilli())
          .add();
    }
    batch.execute();
  }

  /** The base has left the cache. */
  public void forgetUse(String cache, DiskId base) {
    handle
        .createUpdate("delete from base_use where cache = :cache and base = :base")
        .bind("cache", cache)
        .bind("base", base.hex())
        .execute();
  }

  /** Forgets what concerns caches that there are no more. */
  public void forgetLostCaches() {
    handle.execute("delete from base_use where cache not in (" + CACHES + ")");
    handle.execute(
        "delete from cache_policy where scope <> 'fleet' and scope not in (" + CACHES + ")");
  }

  public void ask(Removal removal) {
    handle
        .createUpdate(
            """
            insert into removal (host, base, tenant, revision, asked_at)
            values (:host, :base, :tenant, :revision, :asked)
            on conflict (host, base) do update set tenant = excluded.tenant,
              revision = excluded.revision, asked_at = excluded.asked_at\
            """)
        .bind("host", removal.host().toString())
        .bind("base", removal.base().hex())
        .bind("tenant", removal.tenant())
        .bind("revision", removal.revision())
        .bind("asked", removal.askedAt().toEpochMilli())
        .execute();
  }

  public List<Removal> removals() {
    return handle
        .createQuery("select * from removal order by host, base")
        .map((row, context) -> removal(row))
        .list();
  }

  public List<Removal> removalsOn(HostId host) {
    return handle
        .createQuery("select * from removal where host = :host order by revision, base")
        .bind("host", host.toString())
        .map((row, context) -> removal(row))
        .list();
  }

  /** It is done, or given up. */
  public void end(HostId host, DiskId base) {
    handle
        .createUpdate("delete from removal where host = :host and base = :base")
        .bind("host", host.toString())
        .bind("base", base.hex())
        .execute();
  }

  /** When caches were last cleaned by the schedule. */
  public Optional<Instant> lastRun() {
    return handle
        .createQuery("select ran_at from clean_run where id = 1")
        .map((row, context) -> Column.instant(row, "ran_at"))
        .findOne();
  }

  public void ran(Instant now) {
    handle
        .createUpdate(
            """
            insert into clean_run (id, ran_at) values (1, :now)
            on conflict (id) do update set ran_at = excluded.ran_at\
            """)
        .bind("now", now.toEpochMilli())
        .execute();
  }

  private static Use use(ResultSet row) throws SQLException {
    return new Use(
        row.getString("cache"), new DiskId(row.getString("base")), Column.instant(row, "used_at"));
  }

  private static Removal removal(ResultSet row) throws SQLException {
    return new Removal(
        HostId.parse(row.getString("host")),
        new DiskId(row.getString("base")),
        row.getString("tenant"),
        row.getLong("revision"),
        Column.instant(row, "asked_at"));
  }
}
