package dev.ratoon.server.store;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** The hosts that belong to the fleet, or once did, and what operators say of them. */
public final class MemberTable {

  /**
   * A host of the fleet.
   *
   * @param maintenance whether no new VM is to come to it
   * @param keySha256 of the key that its certificates are for; empty for the server's own machine,
   *     which is one process with it
   * @param removedAt since when it belongs to the fleet no more
   * @param limitBytesPerSecond most that it gives and most that it takes, where that is not the
   *     fleet's setting; 0 for no limit
   * @param draining whether its VMs are to go elsewhere, and no new one is to come
   */
  public record Member(
      HostId host,
      EntityName name,
      Optional<EntityName> cluster,
      SortedSet<String> tags,
      boolean maintenance,
      Optional<String> keySha256,
      Instant joinedAt,
      Optional<Instant> removedAt,
      Optional<Long> limitBytesPerSecond,
      boolean draining) {
    public Member {
      tags = new TreeSet<>(tags);
    }

    public boolean removed() {
      return removedAt.isPresent();
    }
  }

  private final Handle handle;

  MemberTable(Handle handle) {
    this.handle = handle;
  }

  /** Adds the host, or writes what is said of it now. */
  public void put(Member member) {
    handle
        .createUpdate(
            """
            insert into member
              (host, name, cluster, tags, maintenance, key_sha256, joined_at, removed_at,
               limit_bytes, draining)
            values (:host, :name, :cluster, :tags, :maintenance, :key, :joined, :removed, :limit,
              :draining)
            on conflict (host) do update set
              name = excluded.name, cluster = excluded.cluster, tags = excluded.tags,
              maintenance = excluded.maintenance, key_sha256 = excluded.key_sha256,
              joined_at = excluded.joined_at, removed_at = excluded.removed_at,
              limit_bytes = excluded.limit_bytes, draining = excluded.draining\
            """)
        .bind("host", member.host().toString())
        .bind("name", member.name().text())
        .bind("cluster", member.cluster().map(EntityName::text).orElse(null))
        .bind("tags", joined(member.tags()))
        .bind("maintenance", member.maintenance())
        .bind("key", member.keySha256().orElse(null))
        .bind("joined", member.joinedAt().toEpochMilli())
        .bind("removed", Column.millis(member.removedAt()))
        .bind("limit", member.limitBytesPerSecond().orElse(null))
        .bind("draining", member.draining())
        .execute();
  }

  public List<Member> all() {
    return handle.createQuery("select * from member").map((row, context) -> read(row)).list();
  }

  public Optional<Member> find(HostId host) {
    return handle
        .createQuery("select * from member where host = :host")
        .bind("host", host.toString())
        .map((row, context) -> read(row))
        .findOne();
  }

  /** The host that has this name in the fleet. */
  public Optional<Member> named(EntityName name) {
    return handle
        .createQuery("select * from member where name = :name and removed_at is null")
        .bind("name", name.text())
        .map((row, context) -> read(row))
        .findOne();
  }

  private static Member read(ResultSet row) throws SQLException {
    return new Member(
        HostId.parse(row.getString("host")),
        new EntityName(row.getString("name")),
        Column.text(row, "cluster").map(EntityName::new),
        split(row.getString("tags")),
        row.getBoolean("maintenance"),
        Column.text(row, "key_sha256"),
        Column.instant(row, "joined_at"),
        Column.maybeInstant(row, "removed_at"),
        Column.number(row, "limit_bytes"),
        row.getBoolean("draining"));
  }

  static String joined(SortedSet<String> tags) {
    return String.join(" ", tags);
  }

  static SortedSet<String> split(String tags) {
    return Arrays.stream(tags.split(" "))
        .filter(tag -> !tag.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
