package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * On which hosts an image's base disk is to be: one of the three says it.
 *
 * @param hosts names or ids
 * @param cluster all hosts of this cluster
 * @param all every host of the fleet
 */
public record PrecacheRequest(List<String> hosts, Optional<EntityName> cluster, boolean all) {

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} unless one of the
   *     three says it
   */
  public PrecacheRequest {
    hosts = List.copyOf(hosts);
    int said = (hosts.isEmpty() ? 0 : 1) + (cluster.isPresent() ? 1 : 0) + (all ? 1 : 0);
    if (said != 1) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading on which hosts a base disk is to be")
          .detail(said == 0 ? "No host is named." : "It is said in more than one way.")
          .next("Name hosts, or a cluster, or ask for all.")
          .asException();
    }
  }
}
