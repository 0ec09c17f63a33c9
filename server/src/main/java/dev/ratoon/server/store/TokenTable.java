package dev.ratoon.server.store;

import dev.ratoon.protocol.Permission;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Who may call: of each token only its SHA-256 is known. */
public final class TokenTable {

  /**
   * A token.
   *
   * @param sha256 of the token's text, in hexadecimal
   */
  public record Token(String tenant, String name, String sha256, Set<Permission> permissions) {}

  private final Handle handle;

  TokenTable(Handle handle) {
    this.handle = handle;
  }

  /** Adds the token, in the place of one with the same name. */
  public void put(Token token, Instant now) {
    handle
        .createUpdate(
            """
            insert into token (tenant, name, sha256, permissions, created_at)
            values (:tenant, :name, :sha256, :permissions, :now)
            on conflict (tenant, name)
            do update set sha256 = excluded.sha256, permissions = excluded.permissions\
            """)
        .bind("tenant", token.tenant())
        .bind("name", token.name())
        .bind("sha256", token.sha256())
        .bind(
            "permissions",
            token.permissions().stream().map(Enum::name).sorted().collect(Collectors.joining(" ")))
        .bind("now", now.toEpochMilli())
        .execute();
  }

  public List<Token> all() {
    return handle
        .createQuery("select tenant, name, sha256, permissions from token")
        .map((row, context) ->
            new Token(
                row.getString("tenant"),
                row.getString("name"),
                row.getString("sha256"),
                permissions(row.getString("permissions"))))
        .list();
  }

  private static Set<Permission> permissions(String names) {
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    Arrays.stream(names.split(" ")).map(Permission::valueOf).forEach(permissions::add);
    return permissions;
  }
}
