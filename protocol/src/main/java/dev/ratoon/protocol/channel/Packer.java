package dev.ratoon.protocol.channel;

import io.airlift.compress.v3.zstd.ZstdNativeCompressor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Packs pieces where that pays. With {@link Packing#WHERE_FASTER} it packs as long as a byte takes
 * longer to leave than to be packed: then packing happens while the link is busy with what was
 * packed before; and it packs the harder, the slower the link is. It packs wherever that makes it
 * smaller, and as hard as it can, for who would rather have few bytes. For one thread.
 *
 * <p>Small pieces shrink badly by themselves, so a piece is packed as the continuation of those
 * before it: what they had need only be referred to. Now and then a frame is begun anew, and its
 * level chosen anew.
 */
final class Packer implements AutoCloseable {
  /** What is smaller than this is not worth the trouble. */
  private static final int LEAST_BYTES = 1024;

  /** After so many pieces that were not packed one is, to measure again. */
  private static final int MEASURE_EACH = 128;

  /** To begin a frame costs what could be referred to in the 2 MiB before, about 1 % of this. */
  private static final long FRAME_BYTES = 16 << 20;

  /** So many times faster than the link a level is to be: the packer is not all that works. */
  private static final double FASTER = 2;

  /** A level of zstd, and how fast it is here. */
  private static final class Level {
    final int number;
    final double usualNanosPerByte;
    final Pace pace = new Pace();

    Level(int number, double usualNanosPerByte) {
      this.number = number;
      this.usualNanosPerByte = usualNanosPerByte;
    }

    double nanosPerByte() {
      double measured = pace.nanosPerByte();
      return measured == 0 ? usualNanosPerByte : measured;
    }
  }

  private final Packing when;
  private final Level[] levels = {new Level(1, 2.5), new Level(3, 3.5), new Level(6, 9)};
  private final MemorySegment counts = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);
  private Optional<MemorySegment> packer = Optional.empty();
  private Level level = levels[0];
  private long frameBytesLeft;
  private int declined;

  Packer(Packing when) {
    this.when = when;
  }

  /** Whether the next piece should be packed. */
  boolean pays(PackingHistory history, int bytes, double nanosPerByteToLeave) {
    boolean may = when != Packing.NEVER && ZstdNativeCompressor.isEnabled();
    if (!may || bytes < LEAST_BYTES) {
      return false;
    }
    return (wantsFew(history) || faster(nanosPerByteToLeave)) && history.worthATry();
  }

  /**
   * Packs from one buffer, all of it, to the beginning of another, which has room for {@link
   * Limits#PACKING_BYTES} more, and ends with it then; both are of arrays. What comes of it has to
   * be sent, for what is packed later refers to it.
   */
  Packed pack(
      PackingHistory history, ByteBuffer plain, ByteBuffer packed, double nanosPerByteToLeave) {
    int bytes = plain.remaining();
    Packed how = Packed.CONTINUED;
    if (frameBytesLeft <= 0 || isTooStrong(history, nanosPerByteToLeave)) {
      level = wantsFew(history) ? levels[levels.length - 1] : chosen(nanosPerByteToLeave);
      ZstdLibrary.beginFrame(packer(), level.number, Limits.PACKING_WINDOW_LOG);
      frameBytesLeft = FRAME_BYTES;
      how = Packed.BEGUN;
    }
    long began = System.nanoTime();
    long length =
        ZstdLibrary.pack(
            packer(), MemorySegment.ofBuffer(plain), MemorySegment.ofBuffer(packed), counts);
    level.pace.measured(bytes, System.nanoTime() - began);
    frameBytesLeft -= bytes;
    history.tried(bytes, (int) length);
    packed.limit((int) length);
    return how;
  }

  private boolean wantsFew(PackingHistory history) {
    return when == Packing.WHERE_SMALLER || history.isRatherFew();
  }

  /** Whether the link has become so fast that the frame should not be gone on with. */
  private boolean isTooStrong(PackingHistory history, double nanosPerByteToLeave) {
    return !wantsFew(history)
        && level != levels[0]
        && level.nanosPerByte() > FASTER * nanosPerByteToLeave;
  }

  /** The strongest level that is fast enough. */
  private Level chosen(double nanosPerByteToLeave) {
    Level strongest = levels[0];
    for (Level candidate : levels) {
      boolean fast = FASTER * candidate.nanosPerByte() <= nanosPerByteToLeave;
      strongest = fast ? candidate : strongest;
    }
    return strongest;
  }

  private boolean faster(double nanosPerByteToLeave) {
    if (nanosPerByteToLeave <= levels[0].nanosPerByte() && declined < MEASURE_EACH) {
      declined++;
      return false;
    }
    declined = 0;
    return nanosPerByteToLeave > 0;
  }

  private MemorySegment packer() {
    MemorySegment there = packer.orElseGet(ZstdLibrary::newPacker);
    packer = Optional.of(there);
    return there;
  }

  @Override
  public void close() {
    packer.ifPresent(ZstdLibrary::freePacker);
    packer = Optional.empty();
  }
}
