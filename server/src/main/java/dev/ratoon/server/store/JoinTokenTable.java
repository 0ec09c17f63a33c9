package dev.ratoon.server.store;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import java.time.Instant;
import java.util.Optional;
import java.util.SortedSet;
import org.jdbi.v3.core.Handle;

/** The tokens with which hosts may join, each once: of each only its secret's SHA-256 is known. */
public final class JoinTokenTable {

  /**
   * A token.
   *
   * @param cluster and {@code tags}: of the host that joins with it
   * @param host who has used it
   */
  public record JoinTokenRow(
      String secretSha256,
      Optional<EntityName> cluster,
      SortedSet<String> tags,
      Instant expiresAt,
      Optional<HostId> host) {}

  private final Handle handle;

  JoinTokenTable(Handle handle) {
    this.handle = handle;
  }

  /** Adds a token, and forgets those that have expired. */
  public void add(JoinTokenRow token, Instant now) {
    handle
        .createUpdate("delete from join_token where expires_at < :now")
        .bind("now", now.toEpochMilli())
        .execute();
    handle
        .createUpdate(
            """
            insert into join_token (secret_sha256, cluster, tags, expires_at)
            values (:secret, :cluster, :tags, :expires)\
            """)
        .bind("secret", token.secretSha256())
        .bind("cluster", token.cluster().map(EntityName::text).orElse(null))
        .bind("tags", MemberTable.joined(token.tags()))
        .bind("expires", token.expiresAt().toEpochMilli())
        .execute();
  }

  public Optional<JoinTokenRow> find(String secretSha256) {
    return handle
        .createQuery("select * from join_token where secret_sha256 = :secret")
        .bind("secret", secretSha256)
        .map((row, context) ->
            new JoinTokenRow(
                row.getString("secret_sha256"),
                Column.text(row, "cluster").map(EntityName::new),
                MemberTable.split(row.getString("tags")),
                Column.instant(row, "expires_at"),
                Column.text(row, "host").map(HostId::parse)))
        .findOne();
  }

  /** Notes who has used the token. */
  public void use(String secretSha256, HostId host) {
    handle
        .createUpdate("update join_token set host = :host where secret_sha256 = :secret")
        .bind("secret", secretSha256)
        .bind("host", host.toString())
        .execute();
  }
}
