package dev.ratoon.disk.stream;

import dev.ratoon.disk.Limits;
import dev.ratoon.model.DiskPart;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** The numbers of docs/formats/disk-stream.md. */
final class Codec {
  static final long MAGIC = 0x52544e44_49534b01L;
  static final int HEADER_BYTES = 49;
  static final int DIGEST_BYTES = 32;

  static final byte DATA = 1;
  static final byte ZERO = 2;
  static final byte END = 3;
  static final byte PROBLEM = 4;

  /** Bytes of a frame before what is stored, its kind not counted. */
  static final int DATA_HEAD_BYTES = 16;

  static final int ZERO_BYTES = 16;
  static final int END_BYTES = 16 + DIGEST_BYTES;

  static final int MAX_DATA_BYTES = 1 << 20;
  static final int MAX_TEXT_BYTES = 4096;

  private Codec() {}

  /** Header as it stands in the stream. */
  static byte[] encode(StreamHeader header) {
    ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES);
    bytes.putLong(MAGIC).put(code(header.part())).putLong(header.size());
    header.base().ifPresent(id -> bytes.put(HexFormat.of().parseHex(id.hex())));
    return bytes.array();
  }

  private static byte code(DiskPart part) {
    return switch (part) {
      case WHOLE -> 1;
      case BASE -> 2;
      case OVERLAY -> 3;
    };
  }

  /** Where the piece that begins at {@code offset} is cut: at the next chunk, or at {@code end}. */
  static long pieceEnd(long offset, long end) {
    return Math.min(end, (offset & -Limits.CHUNK_BYTES) + Limits.CHUNK_BYTES);
  }
}
