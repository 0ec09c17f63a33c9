package dev.ratoon.disk.vhdx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Entries of a log, put together by hand after docs/formats/vhdx.md. */
final class TestLog {
  static final long ID = 0x1234_5678_9abc_def0L;
  private static final int SECTOR = 4096;

  private final VhdxBytes file;
  private final int sectors = (int) (VhdxBytes.LOG_BYTES / SECTOR);

  /** A log of this id for a file, whose headers say so from now on. */
  TestLog(VhdxBytes file) {
    this.file = file;
    file.put(VhdxBytes.HEADER_1 + 48, 8, ID);
    file.put(VhdxBytes.HEADER_2 + 48, 8, ID);
    file.seal();
  }

  Entry entry(int at, long sequence) {
    return new Entry(at, sequence);
  }

  /** An entry at this sector of the log. It is its own tail unless told otherwise. */
  final class Entry {
    private final int at;
    private final long sequence;
    private final List<ByteBuffer> descriptors = new ArrayList<>();
    private final List<ByteBuffer> data = new ArrayList<>();
    private long id = ID;
    private int tail;
    private long flushed;
    private long last;
    private int padding;

    private Entry(int at, long sequence) {
      this.at = at;
      this.sequence = sequence;
      this.tail = at;
    }

    Entry id(long other) {
      id = other;
      return this;
    }

    Entry tail(int sector) {
      tail = sector;
      return this;
    }

    Entry flushed(long bytes) {
      flushed = bytes;
      return this;
    }

    Entry last(long bytes) {
      last = bytes;
      return this;
    }

    /** So many sectors more than it needs. */
    Entry padding(int more) {
      padding = more;
      return this;
    }

    /** Writes a page. */
    Entry page(long offset, byte[] page) {
      ByteBuffer bytes = little(page.clone());
      ByteBuffer descriptor = little(new byte[32]);
      put(descriptor, 0, "desc");
      descriptor.putInt(4, bytes.getInt(4092)).putLong(8, bytes.getLong(0));
      descriptor.putLong(16, offset).putLong(24, sequence);
      descriptors.add(descriptor);
      put(bytes, 0, "data");
      bytes.putInt(4, (int) (sequence >>> 32)).putInt(4092, (int) sequence);
      data.add(bytes);
      return this;
    }

    Entry zeros(long offset, long length) {
      ByteBuffer descriptor = little(new byte[32]);
      put(descriptor, 0, "zero");
      descriptor.putLong(8, length).putLong(16, offset).putLong(24, sequence);
      descriptors.add(descriptor);
      return this;
    }

    /** Sectors that it takes. */
    int length() {
      return (64 + 32 * descriptors.size() + SECTOR - 1) / SECTOR + data.size() + padding;
    }

    /** All of its bytes. */
    ByteBuffer bytes() {
      ByteBuffer bytes = little(new byte[length() * SECTOR]);
      put(bytes, 0, "loge");
      bytes.putInt(8, length() * SECTOR).putInt(12, tail * SECTOR).putLong(16, sequence);
      bytes.putInt(24, descriptors.size()).putLong(32, id);
      bytes.putLong(48, flushed).putLong(56, last);
      for (int i = 0; i < descriptors.size(); i++) {
        bytes.put(64 + 32 * i, descriptors.get(i), 0, 32);
      }
      for (int i = 0; i < data.size(); i++) {
        bytes.put((length() - padding - data.size() + i) * SECTOR, data.get(i), 0, SECTOR);
      }
      return bytes.putInt(4, VhdxBytes.checksum(bytes));
    }

    /** Writes it into the log, around the log's end if it must. */
    void write() {
      write(bytes());
    }

    void write(ByteBuffer bytes) {
      for (int i = 0; i < length(); i++) {
        byte[] sector = new byte[SECTOR];
        bytes.get(i * SECTOR, sector);
        file.put(VhdxBytes.LOG + (long) ((at + i) % sectors) * SECTOR, sector);
      }
    }
  }

  static byte[] noise(long seed) {
    return noise(seed, SECTOR);
  }

  static byte[] noise(long seed, int count) {
    byte[] noise = new byte[count];
    new SplittableRandom(seed).nextBytes(noise);
    return noise;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void put(ByteBuffer bytes, int at, String signature) {
    bytes.put(at, signature.getBytes(StandardCharsets.US_ASCII));
  }
}
