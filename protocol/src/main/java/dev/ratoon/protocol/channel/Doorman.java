package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import java.nio.ByteBuffer;

/** Decides who gets which base disk. */
public interface Doorman {
  /**
   * What a stream may have.
   *
   * @param base closed when the stream ends
   * @param library whether it comes out of the library, whose rate is limited by itself
   */
  record Admission(ServedBase base, boolean library) {}

  /**
   * Lets the peer in. Its certificate is one of the fleet's and has not expired; whether it was
   * revoked is for the doorman to know. Takes well under a second: the connection waits.
   *
   * @param grant what the peer presents, at most {@link Limits#GRANT_BYTES}
   * @throws dev.ratoon.model.RatoonException if not; the peer is told the problem
   */
  Admission admit(Peer peer, DiskId disk, ByteBuffer grant);
}
