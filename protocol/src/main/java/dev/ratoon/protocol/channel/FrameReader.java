package dev.ratoon.protocol.channel;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Puts frames together from what a link brings. A record is decrypted straight into the frame that
 * is being read; what belongs to the next ones lands behind it, in {@code ahead}.
 */
final class FrameReader {
  /** Where the bytes of data frames go, which only an asker gets, and only as many as it wanted. */
  interface DataBuffers {
    ByteBuffer take() throws BrokenRule;
  }

  /** Two of the largest records. */
  private static final int AHEAD_BYTES = 64 << 10;

  private final TlsLink link;
  private final DataBuffers dataBuffers;
  private final ByteBuffer ahead = ByteBuffer.allocate(AHEAD_BYTES).limit(0);
  private final ByteBuffer small = ByteBuffer.allocate(FrameCodec.MAX_LENGTH);

  FrameReader(TlsLink link, DataBuffers dataBuffers) {
    this.link = link;
    this.dataBuffers = dataBuffers;
  }

  /**
   * Whether the next frame will most likely have to be waited for; the end of a request, which
   * travels with its last piece, may be there.
   */
  boolean isDry() {
    return ahead.remaining() <= FrameCodec.END_BYTES && link.isDry();
  }

  /**
   * The next frame, once it has arrived.
   *
   * @throws BrokenRule if it is not one
   * @throws EOFException if the link ended between or in frames
   */
  Frame next() throws IOException, BrokenRule {
    while (ahead.remaining() < FrameCodec.HEAD_BYTES) {
      ahead.compact();
      read(new ByteBuffer[] {ahead});
      ahead.flip();
    }
    int length = ahead.getInt();
    byte kind = ahead.get();
    if (length < 1 || length > FrameCodec.maxLength(kind)) {
      throw new BrokenRule("It sent a frame of an impossible length.");
    }
    ByteBuffer body = kind == FrameCodec.DATA ? dataBuffers.take() : small;
    body.clear().limit(length - 1);
    int there = Math.min(ahead.remaining(), body.remaining());
    body.put(ahead.slice(ahead.position(), there));
    ahead.position(ahead.position() + there);
    if (body.hasRemaining()) {
      ahead.clear();
      ByteBuffer[] targets = {body, ahead};
      while (body.hasRemaining()) {
        read(targets);
      }
      ahead.flip();
    }
    return FrameCodec.decode(kind, body.flip());
  }

  private void read(ByteBuffer[] targets) throws IOException {
    if (link.read(targets) < 0) {
      throw new EOFException();
    }
  }
}
