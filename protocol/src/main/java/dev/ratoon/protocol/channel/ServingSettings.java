package dev.ratoon.protocol.channel;

/**
 * How a host serves others.
 *
 * @param connections how many at once; one more is refused. Each takes up to 2 MiB, and up to 6
 *     more while it packs
 * @param connectionsOfHost how many at once with one host
 */
public record ServingSettings(
    Timeouts timeouts, int connections, int connectionsOfHost, Packing packing, Rates rates) {

  /** The same, held to rates. */
  public ServingSettings heldTo(Rates limits) {
    return new ServingSettings(timeouts, connections, connectionsOfHost, packing, limits);
  }

  /** 64 connections, four with each host, packed where that is faster, no limit. */
  public static ServingSettings usual() {
    return new ServingSettings(Timeouts.USUAL, 64, 4, Packing.WHERE_FASTER, Rates.none());
  }
}
