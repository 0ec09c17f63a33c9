package dev.ratoon.protocol.api;

import java.util.List;

/**
 * Base disks to be read again in full, where they lie.
 *
 * @param bases images, disk ids or the beginnings of some; all if none is named
 * @param hosts names or ids; all if none is named
 * @param gently whether to spare the hosts' disks: slowly, one base after the other
 */
public record VerifyRequest(List<String> bases, List<String> hosts, boolean gently) {
  public VerifyRequest {
    bases = List.copyOf(bases);
    hosts = List.copyOf(hosts);
  }
}
