package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A connection to a host that has base disks. For any number of threads. */
public final class PeerConnection implements AutoCloseable {
  private final Peer peer;
  private final Wire wire;
  private final Asking asking;
  private final Duration timeout;

  PeerConnection(Peer peer, Wire wire, Asking asking, Duration timeout) {
    this.peer = peer;
    this.wire = wire;
    this.asking = asking;
    this.timeout = timeout;
  }

  /** Who is at the other end; it is the host that was expected. */
  public Peer peer() {
    return peer;
  }

  /**
   * Asks for a base disk, and waits for the answer.
   *
   * @param grant what lets this host have it, at most {@link Limits#GRANT_BYTES}
   * @throws dev.ratoon.model.RatoonException the source's problem, if it refuses; {@code BUSY} if
   *     the connection has as many streams as it may; {@code TIMED_OUT}; {@code PEER_UNREACHABLE}
   *     or what else ended the connection
   */
  public PeerStream stream(DiskId disk, byte[] grant, StreamListener listener) {
    if (grant.length > Limits.GRANT_BYTES) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "asking for the base disk " + disk.shortForm())
          .detail("The grant is longer than " + Limits.GRANT_BYTES + " bytes.")
          .asException();
    }
    return asking.open(disk, ByteBuffer.wrap(grant.clone()), listener, timeout.toNanos());
  }

  public boolean isOpen() {
    return wire.isOpen();
  }

  /** What it has carried so far, and how fast. */
  public Traffic traffic() {
    return asking.traffic();
  }

  /** Ends it in order, without waiting; requests that have not ended fail. */
  @Override
  public void close() {
    wire.endInOrder(
        Problem.of(ErrorCode.INTERRUPTED, "fetching from " + wire.name())
            .detail("The connection was closed."));
  }
}
