package dev.ratoon.disk.qcow2;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds the end of a zstd frame. A compressed cluster is followed by whatever lies behind it in its
 * last sector, which a decompressor would take for another frame. Source: RFC 8878, section 3.1.1.
 */
final class ZstdFrame {
  private static final int MAGIC = 0xfd2fb528;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int BLOCK_RLE = 1;
  private static final int BLOCK_RESERVED = 3;

  private ZstdFrame() {}

  /** The bytes of the frame that begins {@code data}, or 0 if there is no whole frame. */
  static int length(byte[] data, int limit) {
    if (limit < 6 || (int) INT.get(data, 0) != MAGIC) {
      return 0;
    }
    int descriptor = data[4];
    int at = 5 + headerRest(descriptor);
    while (at <= limit - 3) {
      int block = (data[at] & 0xff) | ((data[at + 1] & 0xff) << 8) | ((data[at + 2] & 0xff) << 16);
      int type = (block >>> 1) & 3;
      if (type == BLOCK_RESERVED) {
        return 0;
      }
      at += 3 + (type == BLOCK_RLE ? 1 : block >>> 3);
      if ((block & 1) != 0) {
        int end = at + ((descriptor & 4) != 0 ? 4 : 0);
        return end <= limit ? end : 0;
      }
    }
    return 0;
  }

  /** Bytes of the header behind its descriptor: window, dictionary id and content size. */
  private static int headerRest(int descriptor) {
    boolean single = (descriptor & 0x20) != 0;
    int dictionary =
        switch (descriptor & 3) {
          case 0 -> 0;
          case 1 -> 1;
          case 2 -> 2;
          default -> 4;
        };
    int content =
        switch ((descriptor >>> 6) & 3) {
          case 0 -> single ? 1 : 0;
          case 1 -> 2;
          case 2 -> 4;
          default -> 8;
        };
    return (single ? 0 : 1) + dictionary + content;
  }
}
