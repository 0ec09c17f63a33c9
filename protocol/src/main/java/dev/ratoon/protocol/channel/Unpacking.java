package dev.ratoon.protocol.channel;

import io.airlift.compress.v3.zstd.ZstdNativeDecompressor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Unpacks what a connection brings, in the order in which it comes: each piece may refer to those
 * before it, also to those that nobody waits for any more. For one thread.
 */
final class Unpacking implements AutoCloseable {
  /** Room for one byte more than a piece has, by which a longer one is known. */
  private final byte[] plain = new byte[Limits.PIECE_BYTES + 1];

  private final MemorySegment counts = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);
  private Optional<MemorySegment> unpacker = Optional.empty();
  private boolean begun;

  /** The same data, its bytes as they were before they were packed, in the same buffer. */
  Frame.Data plain(Frame.Data data) throws BrokenRule {
    return switch (data.packed()) {
      case NOT -> data;
      case BEGUN -> {
        ZstdLibrary.expectFrame(unpacker());
        begun = true;
        yield unpacked(data);
      }
      case CONTINUED -> unpacked(data);
    };
  }

  private Frame.Data unpacked(Frame.Data data) throws BrokenRule {
    ByteBuffer buffer = data.bytes();
    MemorySegment packed = MemorySegment.ofBuffer(buffer);
    long length =
        begun ? ZstdLibrary.unpack(unpacker(), packed, MemorySegment.ofArray(plain), counts) : -1;
    if (length < 1 || buffer.remaining() > length + Limits.PACKING_BYTES) {
      throw new BrokenRule("It sent a piece that cannot be unpacked.");
    }
    buffer.clear().put(plain, 0, (int) length).flip();
    return new Frame.Data(data.request(), data.piece(), data.blocks(), Packed.NOT, buffer);
  }

  private MemorySegment unpacker() throws BrokenRule {
    if (!ZstdNativeDecompressor.isEnabled()) {
      throw new BrokenRule("It sent packed data, for which this machine has no library.");
    }
    MemorySegment there =
        unpacker.orElseGet(() -> ZstdLibrary.newUnpacker(Limits.PACKING_WINDOW_LOG));
    unpacker = Optional.of(there);
    return there;
  }

  @Override
  public void close() {
    unpacker.ifPresent(ZstdLibrary::freeUnpacker);
    unpacker = Optional.empty();
  }
}
