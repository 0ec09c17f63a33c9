package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ShareKind;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.util.List;
import java.util.Optional;

/**
 * A cache that several hosts are to share.
 *
 * @param location an absolute path at which every host has it mounted, or {@code
 *     //server[:port]/share[/folder]}
 * @param hosts those that use it, by name or id; if none is named, those of the cluster; without a
 *     cluster, all
 * @param credentials for a share that is not mounted
 */
public record ShareRequest(
    EntityName name,
    ShareKind kind,
    String location,
    List<String> hosts,
    Optional<EntityName> cluster,
    Optional<ShareCredentials> credentials) {
  public ShareRequest {
    hosts = List.copyOf(hosts);
  }
}
