package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.DecoderPool;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks compressed grains, one at a time, and remembers the last one: a reader that takes a grain
 * in small steps has it unpacked once. For one thread at a time.
 */
final class GrainDecoder implements DecoderPool.Decoder {
  private static final int MARKER_BYTES = 12;
  private static final long NONE = -1;

  private final ImageFile file;
  private final VmdkHeader header;
  private final ByteBuffer packed;
  private final byte[] plain;
  private final Inflater inflater = new Inflater();
  private long held = NONE;
  private long heldOffset = NONE;

  GrainDecoder(ImageFile file, VmdkHeader header) {
    this.file = file;
    this.header = header;
    this.packed =
        ByteBuffer.allocate(MARKER_BYTES + 2 * header.grainBytes()).order(ByteOrder.LITTLE_ENDIAN);
    // One byte more, so that a stream that gives too much is noticed.
    this.plain = new byte[header.grainBytes() + 1];
  }

  @Override
  public boolean holds(long hostOffset) {
    return held == hostOffset;
  }

  /**
   * The grain that is packed at {@code hostOffset}; good until the next call.
   *
   * @param offset where the grain begins on the disk
   */
  byte[] decode(long hostOffset, long offset) {
    if (held != hostOffset || heldOffset != offset) {
      held = NONE;
      load(hostOffset, offset);
      inflate(hostOffset, offset);
      held = hostOffset;
      heldOffset = offset;
    }
    return plain;
  }

  /** Reads a grain's marker and packed bytes, if they are those of the grain at {@code offset}. */
  void load(long hostOffset, long offset) {
    held = NONE;
    long left = file.length() - hostOffset;
    int first = Math.clamp(left, MARKER_BYTES, Limits.SECTOR_BYTES);
    file.read(hostOffset, packed.clear().limit(first));
    long sector = packed.getLong(0);
    int bytes = packed.getInt(8);
    if (sector != offset / Limits.SECTOR_BYTES) {
      throw Faults.corrupt(
          file.path(),
          "The grain at byte %d belongs to sector %s of the disk, not to %d."
              .formatted(hostOffset, Long.toUnsignedString(sector), offset / Limits.SECTOR_BYTES));
    }
    if (bytes < 1 || bytes > packed.capacity() - MARKER_BYTES) {
      throw damaged(hostOffset);
    }
    int end = MARKER_BYTES + bytes;
    if (end > first) {
      file.read(hostOffset + first, packed.limit(end).position(first));
    }
    packed.limit(end).position(MARKER_BYTES);
  }

  private void inflate(long hostOffset, long offset) {
    inflater.reset();
    inflater.setInput(packed);
    try {
      int done = 0;
      while (done < plain.length && !inflater.finished()) {
        int count = inflater.inflate(plain, done, plain.length - done);
        if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          break;
        }
        done += count;
      }
      int onDisk = (int) Math.min(header.grainBytes(), header.capacity() - offset);
      if (!inflater.finished() || done < onDisk || done > header.grainBytes()) {
        throw damaged(hostOffset);
      }
      Arrays.fill(plain, done, plain.length, (byte) 0);
    } catch (DataFormatException e) {
      throw damaged(hostOffset);
    }
  }

  private RuntimeException damaged(long hostOffset) {
    return Faults.corrupt(
        file.path(), "The compressed grain at byte " + hostOffset + " can't be unpacked.");
  }

  @Override
  public void close() {
    inflater.end();
  }
}
