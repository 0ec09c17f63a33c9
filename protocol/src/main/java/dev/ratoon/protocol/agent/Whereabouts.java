package dev.ratoon.protocol.agent;

import dev.ratoon.model.HostId;
import java.util.List;

/**
 * Where a base disk can be had, for a host that needs it.
 *
 * @param sizeBytes of the disk
 * @param grant what opens the others' doors for it, in base64; see {@link
 *     dev.ratoon.protocol.fleet.Grant}
 * @param places the hosts that have it, or parts of it
 */
public record Whereabouts(long sizeBytes, String grant, List<Place> places) {
  public Whereabouts {
    places = List.copyOf(places);
  }

  /**
   * A host that has it.
   *
   * @param address where it gives, "host:port"; without a host, on the server's machine
   * @param kind how much of it there is, and whether the host is to be spared
   */
  public record Place(HostId host, String address, Kind kind) {}

  /** What kind of place it is. */
  public enum Kind {
    READY,
    ARRIVING,
    /** It has all of it, and so many others come to it that it is asked last. */
    LIBRARY
  }
}
