package dev.ratoon.disk.vhdx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * The bytes of a file of our own layout, to be looked at and changed. Made apart from the classes
 * under test: what both get wrong would not be noticed.
 */
final class VhdxBytes {
  static final long HEADER_1 = 64 << 10;
  static final long HEADER_2 = 128 << 10;
  static final long REGIONS_1 = 192 << 10;
  static final long REGIONS_2 = 256 << 10;
  static final long LOG = 1 << 20;
  static final long LOG_BYTES = 1 << 20;
  static final long METADATA = 2 << 20;
  static final long ITEMS = METADATA + (64 << 10);
  static final long BAT = 3 << 20;

  private final Path file;

  VhdxBytes(Path file) {
    this.file = file;
  }

  ByteBuffer get(long offset, int count) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {}
      return bytes.flip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long word(long offset) {
    return get(offset, 8).getLong();
  }

  void put(long offset, byte[] bytes) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), offset);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void put(long offset, ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    put(offset, copy);
  }

  /** Puts a little-endian number of so many bytes. */
  void put(long offset, int bytes, long value) {
    byte[] number = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      number[i] = (byte) (value >>> (8 * i));
    }
    put(offset, number);
  }

  void cut(long length) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes the checksums of headers and region tables right. */
  void seal() {
    seal(HEADER_1, 4096);
    seal(HEADER_2, 4096);
    seal(REGIONS_1, 64 << 10);
    seal(REGIONS_2, 64 << 10);
  }

  private void seal(long offset, int count) {
    if (get(offset, count).remaining() < count) {
      return; // The file was cut.
    }
    put(offset + 4, 4, checksum(get(offset, count)));
  }

  /** Makes the checksums of the log's first entries right, as far as they can be. */
  void sealLog() {
    for (long at = LOG; at < LOG + 4 * 4096; at += 4096) {
      if (get(at, 16).remaining() < 16) {
        return; // The file was cut.
      }
      int length = get(at, 16).getInt(8);
      if (get(at, 4).getInt() == 0x65676f6c
          && length >= 64
          && length <= get(at, 16 * 4096).remaining()) {
        put(at + 4, 4, checksum(get(at, length)));
      }
    }
  }

  /** CRC-32C with bytes 4 to 7 as zeros. */
  static int checksum(ByteBuffer structure) {
    ByteBuffer copy = ByteBuffer.allocate(structure.remaining()).put(structure.duplicate()).flip();
    copy.putInt(4, 0);
    CRC32C crc = new CRC32C();
    crc.update(copy);
    return (int) crc.getValue();
  }

  /** The offset of the header that counts. */
  long currentHeader() {
    return Long.compareUnsigned(word(HEADER_1 + 8), word(HEADER_2 + 8)) > 0 ? HEADER_1 : HEADER_2;
  }

  /** Puts a field into both headers and both region tables, and seals them. */
  void putInHeaders(int offset, int bytes, long value) {
    put(HEADER_1 + offset, bytes, value);
    put(HEADER_2 + offset, bytes, value);
    seal();
  }

  void putInRegions(int offset, int bytes, long value) {
    put(REGIONS_1 + offset, bytes, value);
    put(REGIONS_2 + offset, bytes, value);
    seal();
  }
}
