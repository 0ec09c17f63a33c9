package dev.ratoon.protocol.agent;

import java.io.IOException;
import java.io.OutputStream;

/** A disk's content that waits to be sent. */
public interface DiskStream extends AutoCloseable {

  /**
   * Sends all of it, once. What goes wrong at the host is said at the stream's end.
   *
   * @throws IOException if {@code target} throws it: the receiver has gone
   */
  void writeTo(OutputStream target) throws IOException;

  @Override
  void close();
}
