package dev.ratoon.protocol.channel;

import java.time.Duration;

/**
 * What has crossed connections since they began.
 *
 * @param wireBytesIn that arrived on the sockets, TLS and all
 * @param wireBytesOut that left on the sockets
 * @param pieceBytes of pieces, unpacked, that arrived; 0 on the side that gives
 * @param busy for how long pieces were asked for and outstanding; zero on the side that gives
 * @param deployBytes what pieces of this class took: unpacked on the side that asks, as they were
 *     sent on the side that gives
 * @param precacheBytes the same of the other class
 */
public record Traffic(
    long wireBytesIn,
    long wireBytesOut,
    long pieceBytes,
    Duration busy,
    long deployBytes,
    long precacheBytes) {
  public static final Traffic NONE = new Traffic(0, 0, 0, Duration.ZERO, 0, 0);

  Traffic plus(Traffic other) {
    return new Traffic(
        wireBytesIn + other.wireBytesIn,
        wireBytesOut + other.wireBytesOut,
        pieceBytes + other.pieceBytes,
        busy.plus(other.busy),
        deployBytes + other.deployBytes,
        precacheBytes + other.precacheBytes);
  }

  /** Unpacked bytes per second while something was outstanding; 0 if nothing ever was. */
  public double bytesPerSecond() {
    return busy.isZero() ? 0 : pieceBytes / (busy.toNanos() / 1e9);
  }
}
