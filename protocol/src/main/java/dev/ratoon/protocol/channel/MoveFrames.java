package dev.ratoon.protocol.channel;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Puts the frames of a move channel together from what a link brings. */
final class MoveFrames {
  private static final int AHEAD_BYTES = 64 << 10;
  private static final int HEAD_BYTES = 5;
  private static final int DATA = 2;

  private final TlsLink link;
  private final ByteBuffer ahead = ByteBuffer.allocate(AHEAD_BYTES).limit(0);

  /** A frame; its body is the receiver's. */
  record Frame(int kind, ByteBuffer body) {}

  MoveFrames(TlsLink link) {
    this.link = link;
  }

  /**
   * The next frame, once it has arrived; empty if the link ended in order.
   *
   * @throws IOException if it ended in a frame, broke, or brings what is no frame
   */
  Optional<Frame> next() throws IOException {
    while (ahead.remaining() < HEAD_BYTES) {
      boolean between = !ahead.hasRemaining();
      ahead.compact();
      int count = link.read(new ByteBuffer[] {ahead});
      ahead.flip();
      if (count < 0) {
        if (between) {
          return Optional.empty();
        }
        throw new EOFException("it ended in a frame");
      }
    }
    int length = ahead.getInt();
    int kind = Byte.toUnsignedInt(ahead.get());
    int most = kind == DATA ? MoveLink.MOST_DATA_BYTES : MoveLink.MOST_MESSAGE_BYTES;
    if (length < 0 || length > most) {
      throw new IOException("it sent a frame of an impossible length");
    }
    ByteBuffer body = ByteBuffer.allocate(length);
    int there = Math.min(ahead.remaining(), length);
    body.put(ahead.slice(ahead.position(), there));
    ahead.position(ahead.position() + there);
    if (body.hasRemaining()) {
      ahead.clear();
      ByteBuffer[] targets = {body, ahead};
      while (body.hasRemaining()) {
        if (link.read(targets) < 0) {
          throw new EOFException("it ended in a frame");
        }
      }
      ahead.flip();
    }
    return Optional.of(new Frame(kind, body.flip()));
  }
}
