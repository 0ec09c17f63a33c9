package dev.ratoon.protocol.agent;

import dev.ratoon.model.HostId;
import java.util.List;

/**
 * What has gone between a host and the others of its fleet.
 *
 * @param run names the run of the agent: with another one all counts begin anew
 * @param wireBytesIn that came over the chunk channel, TLS and all
 * @param wireBytesOut that went
 * @param peers the hosts that it has spoken with
 * @param arrivals where the bytes of bases came from
 */
public record TransferReport(
    String run, long wireBytesIn, long wireBytesOut, List<PeerTraffic> peers, Arrived arrivals) {
  public TransferReport {
    peers = List.copyOf(peers);
  }

  /**
   * What has gone between two hosts.
   *
   * @param wireBytesIn that came from the peer, TLS and all
   * @param deployBytesIn pieces of bases that came because a VM waits, unpacked
   * @param precacheBytesIn those for which nobody waits
   * @param wireBytesOut that went to the peer
   * @param deployBytesOut pieces that went, as they were sent
   * @param bytesPerSecond what the way from the peer has carried lately when it was busy, on the
   *     wire; 0 if it never was
   */
  public record PeerTraffic(
      HostId peer,
      long wireBytesIn,
      long deployBytesIn,
      long precacheBytesIn,
      long wireBytesOut,
      long deployBytesOut,
      long precacheBytesOut,
      long bytesPerSecond) {}

  /**
   * Bytes of bases that have arrived in a host's cache, unpacked.
   *
   * @param underWay how many bases are arriving now
   * @param relativeBytes taken from other bases of the cache
   * @param peerBytes fetched from other hosts and shares
   * @param libraryBytes fetched from the library
   */
  public record Arrived(int underWay, long relativeBytes, long peerBytes, long libraryBytes) {
    public static final Arrived NOTHING = new Arrived(0, 0, 0, 0);
  }
}
