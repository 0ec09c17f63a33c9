package dev.ratoon.protocol.channel;

import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;

/**
 * Takes what a request brings. Called by the connection's delivery threads, several at once; it may
 * take its time: as long as it does, less is asked of the source. At the end exactly one of {@link
 * #completed} and {@link #failed} is called, when all other calls have returned. A receiver that
 * throws from one of the others has cancelled its request.
 */
public interface Receiver {
  /**
   * A piece, or the blocks of it that were asked for, one behind the other. Nothing about it was
   * verified but its length.
   *
   * @param blocks as in the request
   * @param bytes an array's, good until this returns
   */
  void arrived(int piece, int blocks, ByteBuffer bytes);

  /** The source cannot give this piece, or not yet. */
  void lacking(int piece, Problem why);

  /**
   * Another host was given this piece a moment ago, from which it can be had soon. Only of requests
   * that may {@linkplain PeerStream#requestLater spare the source}.
   */
  default void elsewhere(int piece) {
    throw new IllegalStateException("The source was not to be spared.");
  }

  /** Every piece has arrived, is lacking or elsewhere. */
  void completed();

  /** Nothing more will come: cancelled, or the stream or the connection ended. */
  void failed(Problem why);
}
