package dev.ratoon.protocol.api;

import java.util.List;
import java.util.Optional;

/**
 * Says something else of a host; what is absent stays.
 *
 * @param cluster its new cluster; an empty text takes it out of the one that it is in
 * @param tags all its tags
 * @param maintenance whether no new VM is to come to it
 * @param limit most bytes a second that it gives and takes: a number, 0 for no limit, and an empty
 *     text for what the fleet's settings say
 * @param draining whether its VMs are to go elsewhere, and no new one is to come
 */
public record HostChange(
    Optional<String> cluster,
    Optional<List<String>> tags,
    Optional<Boolean> maintenance,
    Optional<String> limit,
    Optional<Boolean> draining) {

  /** One that leaves the limit as it is. */
  public HostChange(
      Optional<String> cluster, Optional<List<String>> tags, Optional<Boolean> maintenance) {
    this(cluster, tags, maintenance, Optional.empty());
  }

  /** One that leaves it as it is whether the host is drained. */
  public HostChange(
      Optional<String> cluster,
      Optional<List<String>> tags,
      Optional<Boolean> maintenance,
      Optional<String> limit) {
    this(cluster, tags, maintenance, limit, Optional.empty());
  }

  /** Drains a host, or no more. */
  public static HostChange draining(boolean on) {
    return new HostChange(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(on));
  }
}
