package dev.ratoon.agent.seed;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes small ISO 9660 images: one folder with a few files, and a second tree with the true names
 * (Joliet), which Linux and Windows prefer. No time of day goes in, so equal files make equal
 * images.
 *
 * <p>In sectors: 16 and 17 describe the two trees, 18 ends the descriptions, 19 to 22 hold their
 * path tables (little- and big-endian), 23 and 24 their folders, then come the files, which both
 * trees share.
 *
 * <p>Source: ECMA-119 (ISO 9660) and the Joliet specification; section numbers are ECMA-119's.
 */
final class Iso9660 {
  private static final int SECTOR = 2048;
  private static final int SYSTEM_SECTORS = 16;
  private static final int FIRST_PATH_TABLE = 19;
  private static final int FIRST_FOLDER = 23;
  private static final int FIRST_FILE = 25;
  private static final int ROOT_RECORD_BYTES = 34;
  private static final int PATH_TABLE_BYTES = 10;

  /** "UCS-2 level 3", which is what makes a supplementary tree Joliet. */
  private static final byte[] JOLIET = {'%', '/', 'E'};

  /** 1 January 2000, 00:00 UTC, by 9.1.5. */
  private static final byte[] DATE = {100, 1, 1, 0, 0, 0, 0};

  private record Entry(String name, int sector, int length) {}

  /**
   * Who looks for a label reads where any file system could have one, up to 68 KiB, and some, like
   * busybox, give a shorter device up.
   */
  private static final int SMALLEST_VOLUME = 128 << 10;

  private final String label;
  private final Map<String, byte[]> files;
  private final List<Entry> entries = new ArrayList<>();
  private final int sectors;

  private Iso9660(String label, Map<String, byte[]> files) {
    this.label = label;
    this.files = files;
    int next = FIRST_FILE;
    for (var file : files.entrySet()) {
      entries.add(new Entry(file.getKey(), next, file.getValue().length));
      next += sectorsOf(file.getValue().length);
    }
    sectors = next;
  }

  /**
   * @param files contents by name, in the order of their names; all names together must fit into
   *     one sector, which a dozen short ones do
   */
  static byte[] image(String label, Map<String, byte[]> files) {
    return new Iso9660(label, files).image();
  }

  private byte[] image() {
    ByteBuffer image = ByteBuffer.allocate(Math.max(sectors * SECTOR, SMALLEST_VOLUME));
    put(image, SYSTEM_SECTORS, description(false));
    put(image, SYSTEM_SECTORS + 1, description(true));
    put(image, SYSTEM_SECTORS + 2, new byte[] {(byte) 255, 'C', 'D', '0', '0', '1', 1});
    put(image, FIRST_PATH_TABLE, pathTable(FIRST_FOLDER, ByteOrder.LITTLE_ENDIAN));
    put(image, FIRST_PATH_TABLE + 1, pathTable(FIRST_FOLDER, ByteOrder.BIG_ENDIAN));
    put(image, FIRST_PATH_TABLE + 2, pathTable(FIRST_FOLDER + 1, ByteOrder.LITTLE_ENDIAN));
    put(image, FIRST_PATH_TABLE + 3, pathTable(FIRST_FOLDER + 1, ByteOrder.BIG_ENDIAN));
    put(image, FIRST_FOLDER, folder(false));
    put(image, FIRST_FOLDER + 1, folder(true));
    for (Entry entry : entries) {
      put(image, entry.sector(), requireNonNull(files.get(entry.name())));
    }
    return image.array();
  }

  /** A volume descriptor, 8.4 and 8.5. */
  private byte[] description(boolean joliet) {
    ByteBuffer sector = ByteBuffer.allocate(SECTOR);
    sector.put((byte) (joliet ? 2 : 1)).put(ascii("CD001")).put((byte) 1).put((byte) 0);
    padded(sector, "", 32, joliet);
    padded(sector, label, 32, joliet);
    sector.position(80);
    both32(sector, sectors);
    if (joliet) {
      sector.put(JOLIET);
    }
    sector.position(120);
    both16(sector, 1);
    both16(sector, 1);
    both16(sector, SECTOR);
    both32(sector, PATH_TABLE_BYTES);
    int pathTable = FIRST_PATH_TABLE + (joliet ? 2 : 0);
    sector.order(ByteOrder.LITTLE_ENDIAN).putInt(pathTable).putInt(0);
    sector.order(ByteOrder.BIG_ENDIAN).putInt(pathTable + 1).putInt(0);
    sector.put(record(new byte[] {0}, FIRST_FOLDER + (joliet ? 1 : 0), SECTOR, true));
    for (int length : new int[] {128, 128, 128, 128, 37, 37, 37}) {
      padded(sector, "", length, joliet);
    }
    for (int date = 0; date < 4; date++) {
      sector.put(ascii("0".repeat(16))).put((byte) 0);
    }
    sector.put((byte) 1);
    return sector.array();
  }

  /** The one folder's entry in a path table, 9.4. */
  private static byte[] pathTable(int folder, ByteOrder order) {
    ByteBuffer table = ByteBuffer.allocate(PATH_TABLE_BYTES).order(order);
    table.put((byte) 1).put((byte) 0).putInt(folder).putShort((short) 1);
    return table.array();
  }

  private byte[] folder(boolean joliet) {
    int self = FIRST_FOLDER + (joliet ? 1 : 0);
    ByteBuffer folder = ByteBuffer.allocate(SECTOR);
    folder.put(record(new byte[] {0}, self, SECTOR, true));
    folder.put(record(new byte[] {1}, self, SECTOR, true));
    for (Entry entry : entries) {
      byte[] name =
          joliet
              ? entry.name().getBytes(StandardCharsets.UTF_16BE)
              : ascii(entry.name().toUpperCase(Locale.ROOT) + ".;1");
      folder.put(record(name, entry.sector(), entry.length(), false));
    }
    return folder.array();
  }

  /** A directory record, 9.1. */
  private static byte[] record(byte[] name, int sector, int length, boolean folder) {
    int size = ROOT_RECORD_BYTES - 1 + name.length;
    ByteBuffer record = ByteBuffer.allocate(size + size % 2);
    record.put((byte) record.capacity()).put((byte) 0);
    both32(record, sector);
    both32(record, length);
    record.put(DATE).put((byte) (folder ? 2 : 0)).put((byte) 0).put((byte) 0);
    both16(record, 1);
    record.put((byte) name.length).put(name);
    return record.array();
  }

  /** Text, filled up with spaces; with zeros for Joliet, where some readers keep the spaces. */
  private static void padded(ByteBuffer to, String text, int length, boolean joliet) {
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(joliet ? text.getBytes(StandardCharsets.UTF_16BE) : ascii(text));
    while (bytes.size() + (joliet ? 2 : 1) <= length) {
      bytes.writeBytes(joliet ? new byte[] {0, 0} : new byte[] {' '});
    }
    to.put(bytes.toByteArray());
    to.position(to.position() + length - bytes.size());
  }

  /** Little-endian, then big-endian, 7.3.3. */
  private static void both32(ByteBuffer to, int value) {
    to.putInt(Integer.reverseBytes(value)).putInt(value);
  }

  /** Little-endian, then big-endian, 7.2.3. */
  private static void both16(ByteBuffer to, int value) {
    to.putShort(Short.reverseBytes((short) value)).putShort((short) value);
  }

  private static void put(ByteBuffer image, int sector, byte[] content) {
    image.position(sector * SECTOR).put(content);
  }

  private static int sectorsOf(int bytes) {
    return Math.max(1, (bytes + SECTOR - 1) / SECTOR);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
