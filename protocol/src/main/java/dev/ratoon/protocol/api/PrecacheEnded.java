package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import java.util.List;

/**
 * Where an image's base disk is no longer wanted beforehand.
 *
 * @param hosts those on which it had been; what is there of it stays until a policy takes it
 */
public record PrecacheEnded(List<EntityName> hosts) {
  public PrecacheEnded {
    hosts = List.copyOf(hosts);
  }
}
