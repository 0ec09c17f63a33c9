package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import java.util.List;
import java.util.Optional;

/**
 * Asks for a token with which a host may join.
 *
 * @param cluster and {@code tags}: of that host
 * @param validSeconds how long the host has time, up to a week; an hour unless told
 */
public record JoinTokenRequest(
    Optional<EntityName> cluster, List<String> tags, Optional<Long> validSeconds) {
  public JoinTokenRequest {
    tags = List.copyOf(tags);
  }
}
