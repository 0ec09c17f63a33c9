package dev.ratoon.cache.arrival;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/** Changes what a list of fingerprints says of itself, as a liar could. */
final class Lists {
  private static final int ID_AT = 24;
  private static final int CRC_AT = 84;

  private Lists() {}

  /** The same list as that of another base. */
  static byte[] renamed(byte[] list, TestBase base) {
    byte[] renamed = list.clone();
    ByteBuffer.wrap(renamed).put(ID_AT, HexFormat.of().parseHex(base.id().hex()));
    CRC32C crc = new CRC32C();
    crc.update(renamed, 0, CRC_AT);
    ByteBuffer.wrap(renamed).putInt(CRC_AT, (int) crc.getValue());
    return renamed;
  }
}
