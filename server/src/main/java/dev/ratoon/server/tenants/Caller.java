package dev.ratoon.server.tenants;

import dev.ratoon.protocol.Permission;
import java.util.Set;

/**
 * Who asks.
 *
 * @param name of the token that he showed
 */
public record Caller(String tenant, String name, Set<Permission> permissions) {
  /** Somebody without a token: only what tells nothing about anybody is open to him. */
  public static final Caller NOBODY = new Caller("", "nobody", Set.of(Permission.PUBLIC));

  public Caller {
    permissions = Set.copyOf(permissions);
  }

  public boolean may(Permission permission) {
    return permission == Permission.PUBLIC || permissions.contains(permission);
  }
}
