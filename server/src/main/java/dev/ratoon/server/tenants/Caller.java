package dev.ratoon.server.tenants;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Permission;
import java.util.Optional;
import java.util.Set;

/**
 * Who asks.
 *
 * @param name of the token that he showed
 * @param host whose agent it is that asks, if it is one
 */
public record Caller(
    String tenant, String name, Set<Permission> permissions, Optional<HostId> host) {
  /** Somebody without a token: only what tells nothing about anybody is open to him. */
  public static final Caller NOBODY = new Caller("", "nobody", Set.of(Permission.PUBLIC));

  /** Somebody with a token. */
  public Caller(String tenant, String name, Set<Permission> permissions) {
    this(tenant, name, permissions, Optional.empty());
  }

  /** The agent of a host. */
  public static Caller agent(HostId host) {
    return new Caller("", "host " + host, Set.of(Permission.AGENT), Optional.of(host));
  }

  public Caller {
    permissions = Set.copyOf(permissions);
  }

  public boolean may(Permission permission) {
    return permission == Permission.PUBLIC || permissions.contains(permission);
  }
}
