package dev.ratoon.cache.arrival;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * Which chunks of a base that arrives are surely on the disk: docs/formats/arrival-journal.md. What
 * it loses costs time and nothing else.
 */
final class Journal {
  static final int PAGE_BYTES = 512;
  private static final int WORDS_OF_A_PAGE = 63;
  private static final int BITS_AT = Integer.BYTES;
  private static final int CRC_AT = PAGE_BYTES - Integer.BYTES;

  private final Path path;
  private final byte[] id;

  /** What is in the file. */
  private final Bits written;

  Journal(Path path, DiskId id, long chunks) {
    this.path = path;
    this.id = HexFormat.of().parseHex(id.hex());
    this.written = new Bits(chunks);
  }

  /** The chunks that the file speaks of; none if it cannot be read. */
  Bits read() {
    written.clearAll();
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer page = page();
      for (int number = 0; number < pages(); number++) {
        page.clear();
        int count = file.read(page, (long) number * PAGE_BYTES);
        if (count == PAGE_BYTES && page.getInt(0) == number && page.getInt(CRC_AT) == crc(page)) {
          take(number, page);
        }
      }
    } catch (IOException unreadable) {
      written.clearAll();
    }
    return written.copy();
  }

  private void take(int number, ByteBuffer page) {
    for (int i = 0; i < WORDS_OF_A_PAGE; i++) {
      long bits = Long.reverseBytes(page.getLong(BITS_AT + i * Long.BYTES));
      for (long first = 64L * (number * WORDS_OF_A_PAGE + i); bits != 0; bits &= bits - 1) {
        long chunk = first + Long.numberOfTrailingZeros(bits);
        if (chunk < written.chunks()) {
          written.set(chunk);
        }
      }
    }
  }

  /** Forgets everything: the content that the file speaks of is gone. */
  void discard() throws IOException {
    written.clearAll();
    Files.deleteIfExists(path);
  }

  /** Writes the pages that have changed. All of {@code synced} has surely reached the disk. */
  void write(Bits synced) throws IOException {
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer page = page();
      for (int number = 0; number < pages(); number++) {
        if (fill(number, synced, page.clear())) {
          file.write(page, (long) number * PAGE_BYTES);
        }
      }
    }
    written.setAll(synced);
  }

  /** Whether the page has changed. */
  private boolean fill(int number, Bits synced, ByteBuffer page) {
    boolean changed = false;
    page.putInt(number);
    for (int i = 0; i < WORDS_OF_A_PAGE; i++) {
      int word = number * WORDS_OF_A_PAGE + i;
      long bits = word < synced.words() ? synced.word(word) : 0;
      changed |= word < synced.words() && bits != written.word(word);
      page.putLong(Long.reverseBytes(bits));
    }
    page.putInt(crc(page)).flip();
    return changed;
  }

  private int pages() {
    return (written.words() + WORDS_OF_A_PAGE - 1) / WORDS_OF_A_PAGE;
  }

  private int crc(ByteBuffer page) {
    CRC32C crc = new CRC32C();
    crc.update(id);
    crc.update(page.duplicate().position(0).limit(CRC_AT));
    return (int) crc.getValue();
  }

  private static ByteBuffer page() {
    return ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.BIG_ENDIAN);
  }
}
