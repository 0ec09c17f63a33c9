package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** One message; docs/formats/chunk-channel.md says what each means and who may send it when. */
sealed interface Frame {
  /**
   * @param number the asker's window, or which requests a source understands
   */
  record Hello(int number) implements Frame {
    /** Of a source that knows what it has just given, and to whom; of older ones it is 0. */
    static final int SPARING = 1;
  }

  record Open(int stream, DiskId disk, ByteBuffer grant) implements Frame {}

  record Opened(
      int stream, long sizeBytes, long manifestBytes, long fingerprintBytes, boolean complete)
      implements Frame {}

  record Close(int stream, Optional<Problem> problem) implements Frame {}

  /**
   * @param sparing whether what another host was just given need not be given
   */
  record Request(
      int stream, int request, Part part, Priority priority, boolean sparing, List<Run> runs)
      implements Frame {

    Request(int stream, int request, Part part, Priority priority, List<Run> runs) {
      this(stream, request, part, priority, false, runs);
    }
  }

  record Cancel(int request) implements Frame {}

  record Credit(int frames) implements Frame {}

  /**
   * @param chunks counted from {@code firstChunk}
   * @param bits how long the set is, multiple of 64
   */
  record Have(int stream, int firstChunk, BitSet chunks, int bits) implements Frame {}

  /**
   * @param bytes on the asking side a buffer of the window, which has to be given back to it
   */
  record Data(int request, int piece, int blocks, Packed packed, ByteBuffer bytes)
      implements Frame {}

  record Lack(int request, int piece, Problem problem) implements Frame {}

  record End(int request, Ending ending) implements Frame {}

  /** Another host was given the piece a moment ago. */
  record Elsewhere(int request, int piece) implements Frame {}

  record Ping(long token) implements Frame {}

  record Pong(long token) implements Frame {}

  record Goodbye(Optional<Problem> problem) implements Frame {}

  enum Ending implements Numbered {
    ANSWERED(1),
    CANCELLED(2),
    CLOSED(3);

    private final int number;

    Ending(int number) {
      this.number = number;
    }

    @Override
    public int number() {
      return number;
    }
  }
}
