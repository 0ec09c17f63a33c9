package dev.ratoon.server.store;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ShareKind;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** The caches that several hosts share. */
public final class ShareTable {

  /**
   * A share.
   *
   * @param hosts those that use it; if none is named, those of its cluster; without a cluster, all
   * @param founder the host that may mark the folder as a share
   * @param marker which share it is, once a host has reported it
   * @param fill bases that are to be there
   */
  public record ShareRow(
      EntityName name,
      ShareKind kind,
      String location,
      List<HostId> hosts,
      Optional<EntityName> cluster,
      Optional<ShareCredentials> credentials,
      HostId founder,
      Optional<String> marker,
      List<DiskId> fill,
      Instant createdAt) {
    public ShareRow {
      hosts = List.copyOf(hosts);
      fill = List.copyOf(fill);
    }

    /** Whether a host of this cluster uses it. */
    public boolean isFor(HostId host, Optional<EntityName> itsCluster) {
      if (!hosts.isEmpty()) {
        return hosts.contains(host);
      }
      return cluster.isEmpty() || cluster.equals(itsCluster);
    }

    /** Its part of the host's desired state. */
    public DesiredShare desired(HostId host) {
      return new DesiredShare(
          name, kind, location, credentials, marker, founder.equals(host), fill);
    }
  }

  private final Handle handle;

  ShareTable(Handle handle) {
    this.handle = handle;
  }

  public void add(ShareRow share) {
    handle
        .createUpdate(
            """
            insert into share
              (name, kind, location, hosts, cluster, credentials, founder, fill, created_at)
            values (:name, :kind, :location, :hosts, :cluster, :credentials, :founder, :fill, :now)\
            """)
        .bind("name", share.name().text())
        .bind("kind", share.kind().name())
        .bind("location", share.location())
        .bind("hosts", joined(share.hosts()))
        .bind("cluster", share.cluster().map(EntityName::text).orElse(null))
        .bind("credentials", share.credentials().map(Json::write).orElse(null))
        .bind("founder", share.founder().toString())
        .bind("fill", joined(share.fill()))
        .bind("now", share.createdAt().toEpochMilli())
        .execute();
  }

  /** Notes which share it is. */
  public void mark(EntityName name, String marker) {
    handle
        .createUpdate("update share set marker = :marker where name = :name")
        .bind("marker", marker)
        .bind("name", name.text())
        .execute();
  }

  /** Notes which bases are to be there. */
  public void fill(EntityName name, List<DiskId> bases) {
    handle
        .createUpdate("update share set fill = :fill where name = :name")
        .bind("fill", joined(bases))
        .bind("name", name.text())
        .execute();
  }

  public void remove(EntityName name) {
    handle.createUpdate("delete from share where name = :name").bind("name", name.text()).execute();
  }

  public List<ShareRow> all() {
    return handle
        .createQuery("select * from share order by name")
        .map((row, context) -> read(row))
        .list();
  }

  private static ShareRow read(ResultSet row) throws SQLException {
    return new ShareRow(
        new EntityName(row.getString("name")),
        ShareKind.valueOf(row.getString("kind")),
        row.getString("location"),
        split(row.getString("hosts")).stream().map(HostId::parse).toList(),
        Column.text(row, "cluster").map(EntityName::new),
        Column.maybeJson(row, "credentials", ShareCredentials.class),
        HostId.parse(row.getString("founder")),
        Column.text(row, "marker"),
        split(row.getString("fill")).stream().map(DiskId::new).toList(),
        Column.instant(row, "created_at"));
  }

  private static String joined(List<?> ids) {
    return ids.stream()
        .map(id -> id instanceof DiskId disk ? disk.hex() : id.toString())
        .collect(Collectors.joining(" "));
  }

  private static List<String> split(String ids) {
    return Arrays.stream(ids.split(" ")).filter(id -> !id.isEmpty()).toList();
  }
}
