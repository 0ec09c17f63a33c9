package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.DecoderPool;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import io.airlift.compress.v3.zstd.ZstdDecompressor;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks compressed clusters, one at a time, and remembers the last one: a reader that takes a
 * large cluster in small steps has it unpacked once. For one thread at a time.
 */
final class ClusterDecoder implements DecoderPool.Decoder {
  private static final long NONE = -1;

  private final ImageFile file;
  private final boolean zstd;
  private final byte[] packed;
  private final byte[] plain;
  private final Inflater inflater = new Inflater(true);
  private final ZstdDecompressor decompressor = ZstdDecompressor.create();
  private long held = NONE;

  ClusterDecoder(ImageFile file, int clusterBytes, boolean zstd) {
    this.file = file;
    this.zstd = zstd;
    // The format can name two clusters and a sector; one byte more for what Inflater asks for.
    this.packed = new byte[2 * clusterBytes + Limits.SECTOR_BYTES + 1];
    this.plain = new byte[clusterBytes];
  }

  @Override
  public boolean holds(long hostOffset) {
    return held == hostOffset;
  }

  /** The cluster that is packed at {@code hostOffset}; good until the next call. */
  byte[] decode(long hostOffset, int packedBytes) {
    if (!holds(hostOffset)) {
      held = NONE;
      file.read(hostOffset, ByteBuffer.wrap(packed, 0, packedBytes));
      int decoded = zstd ? decompress(packedBytes) : inflate(packedBytes);
      if (decoded != plain.length) {
        throw damaged(hostOffset);
      }
      held = hostOffset;
    }
    return plain;
  }

  private int inflate(int packedBytes) {
    inflater.reset();
    // Inflater wants a byte behind a stream that has no zlib wrapper.
    packed[packedBytes] = 0;
    inflater.setInput(packed, 0, packedBytes + 1);
    try {
      int done = 0;
      while (done < plain.length && !inflater.finished()) {
        int count = inflater.inflate(plain, done, plain.length - done);
        if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          break;
        }
        done += count;
      }
      return done;
    } catch (DataFormatException e) {
      return 0;
    }
  }

  private int decompress(int packedBytes) {
    int frame = ZstdFrame.length(packed, packedBytes);
    if (frame == 0) {
      return 0;
    }
    try {
      return decompressor.decompress(packed, 0, frame, plain, 0, plain.length);
    } catch (RuntimeException malformed) {
      // The codec has several exceptions for bad input, and all of them mean the same here.
      return 0;
    }
  }

  private RuntimeException damaged(long hostOffset) {
    return Faults.corrupt(
        file.path(), "The compressed cluster at byte " + hostOffset + " can't be unpacked.");
  }

  @Override
  public void close() {
    inflater.end();
  }
}
