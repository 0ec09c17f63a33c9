package dev.ratoon.protocol.channel;

import io.airlift.compress.v3.zstd.ZstdCompressor;
import java.nio.ByteBuffer;

/**
 * Packs pieces where that pays. With {@link Packing#WHERE_FASTER} it packs as long as a byte takes
 * longer to leave than to be packed: then packing happens while the link is busy with what was
 * packed before. For one thread.
 */
final class Packer {
  /** Nearly as small as level 3 for what disks hold, and half as fast again. */
  private static final int LEVEL = 1;

  /** What is smaller than this is not worth a frame of zstd. */
  private static final int LEAST_BYTES = 1024;

  /** After so many pieces that were not packed one is, to measure again. */
  private static final int MEASURE_EACH = 128;

  private final Packing when;
  private final ZstdCompressor compressor = ZstdCompressor.create(LEVEL);
  private final Pace packing = new Pace();
  private int declined;

  Packer(Packing when) {
    this.when = when;
  }

  /** How large a target has to be. */
  int maxPackedBytes() {
    return compressor.maxCompressedLength(Limits.PIECE_BYTES);
  }

  /** Whether the next piece should be packed. */
  boolean pays(PackingHistory history, int bytes, double nanosPerByteToLeave) {
    if (when == Packing.NEVER || bytes < LEAST_BYTES) {
      return false;
    }
    return (when == Packing.WHERE_SMALLER || faster(nanosPerByteToLeave)) && history.worthATry();
  }

  /**
   * Packs from one buffer into another; both are of arrays.
   *
   * @return how many bytes it came to, possibly more than there were
   */
  int pack(PackingHistory history, ByteBuffer plain, ByteBuffer packed) {
    long began = System.nanoTime();
    int length =
        compressor.compress(
            plain.array(),
            plain.arrayOffset(),
            plain.capacity(),
            packed.array(),
            packed.arrayOffset(),
            packed.capacity());
    packing.measured(plain.capacity(), System.nanoTime() - began);
    history.tried(plain.capacity(), length);
    return length;
  }

  private boolean faster(double nanosPerByteToLeave) {
    if (nanosPerByteToLeave <= packing.nanosPerByte() && declined < MEASURE_EACH) {
      declined++;
      return false;
    }
    declined = 0;
    return nanosPerByteToLeave > 0;
  }
}
