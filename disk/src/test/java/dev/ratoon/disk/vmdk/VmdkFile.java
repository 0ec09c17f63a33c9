package dev.ratoon.disk.vmdk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.Deflater;

/** Makes VMDK files by hand, from docs/formats/vmdk.md alone. Grains that are zero are left out. */
public final class VmdkFile {
  static final int SECTOR = 512;
  static final int DESCRIPTOR_SECTORS = 4;
  static final int TABLE_SECTORS = 4;

  private final byte[] content;
  private int grainSectors = 8;
  private int version = 1;
  private int flags = 1;
  private boolean compressed;
  private boolean redundant;
  private boolean tablesAtEnd;
  private Set<Integer> zeroed = new TreeSet<>();
  private String descriptor;
  private ByteBuffer file = ByteBuffer.allocate(0);

  /** Where the directory and the first table were put, in sectors. */
  private int directory;

  private int[] directoryEntries = {};

  private VmdkFile(byte[] content, String type) {
    this.content = content;
    this.descriptor = descriptor("12345678", "ffffffff", type, content.length / SECTOR);
  }

  public static VmdkFile sparse(byte[] content) {
    return new VmdkFile(content, "monolithicSparse");
  }

  static VmdkFile stream(byte[] content) {
    VmdkFile file = new VmdkFile(content, "streamOptimized");
    file.compressed = true;
    file.flags |= 3 << 16;
    file.version = 3;
    return file;
  }

  public static String descriptor(String cid, String parent, String type, long sectors) {
    return "# Disk DescriptorFile\nversion=1\nCID=%s\nparentCID=%s\ncreateType=\"%s\"\n\n"
            .formatted(cid, parent, type)
        + "# Extent description\nRW %d SPARSE \"some name.vmdk\"\n\n".formatted(sectors)
        + "# The Disk Data Base\n#DDB\n\nddb.adapterType = \"ide\"\n";
  }

  VmdkFile grains(int sectors) {
    grainSectors = sectors;
    return this;
  }

  VmdkFile version(int number) {
    version = number;
    return this;
  }

  public VmdkFile descriptor(String text) {
    descriptor = text;
    return this;
  }

  VmdkFile redundant() {
    redundant = true;
    flags |= 2;
    return this;
  }

  VmdkFile tablesAtEnd() {
    tablesAtEnd = true;
    return this;
  }

  /** Marks grains as zero, whatever the content has there. */
  VmdkFile zeroed(Integer... grains) {
    zeroed = new TreeSet<>(Set.of(grains));
    flags |= 4;
    version = 2;
    return this;
  }

  public Path write(Path path) throws IOException {
    return Files.write(path, bytes());
  }

  byte[] bytes() {
    int grains = ceil(content.length, grainSectors * SECTOR);
    int tables = ceil(grains, 512);
    int directorySectors = ceil(tables * 4, SECTOR);
    file = ByteBuffer.allocate(content.length * 2 + (1 << 20)).order(ByteOrder.LITTLE_ENDIAN);
    int next = 1 + DESCRIPTOR_SECTORS;
    int second = next;
    next += redundant ? directorySectors + tables * TABLE_SECTORS : 0;
    directory = next;
    next += tablesAtEnd ? 0 : directorySectors + tables * TABLE_SECTORS;
    next = ceil(next, grainSectors) * grainSectors;
    int overhead = next;
    int[] places = new int[tables * 512];
    for (int grain = 0; grain < grains; grain++) {
      byte[] bytes = grain(grain);
      if (zeroed.contains(grain)) {
        places[grain] = 1;
      } else if (!Arrays.equals(bytes, new byte[bytes.length])) {
        places[grain] = next;
        next += put(next, grain, bytes);
      }
    }
    if (tablesAtEnd) {
      directory = next + 1 + tables * (1 + TABLE_SECTORS);
    }
    directoryEntries = new int[tables];
    if (redundant) {
      putTables(second, places, directorySectors, 0);
    }
    putTables(directory, places, directorySectors, next);
    int end = next;
    if (tablesAtEnd) {
      end = directory + directorySectors;
      marker(directory - 1, directorySectors, 2);
      marker(end, 1, 3);
      header(end + 1, directory, second, overhead);
      marker(end + 2, 0, 0);
      end += 3;
    }
    header(0, tablesAtEnd ? -1 : directory, second, overhead);
    file.put(SECTOR, descriptor.getBytes(StandardCharsets.UTF_8));
    return Arrays.copyOf(file.array(), end * SECTOR);
  }

  private byte[] grain(int index) {
    int at = index * grainSectors * SECTOR;
    return Arrays.copyOf(
        Arrays.copyOfRange(content, at, Math.min(content.length, at + grainSectors * SECTOR)),
        grainSectors * SECTOR);
  }

  /** Returns how many sectors were taken. */
  private int put(int sector, int grain, byte[] bytes) {
    if (!compressed) {
      file.put(sector * SECTOR, bytes);
      return grainSectors;
    }
    byte[] packed = deflate(bytes);
    file.putLong(sector * SECTOR, (long) grain * grainSectors);
    file.putInt(sector * SECTOR + 8, packed.length);
    file.put(sector * SECTOR + 12, packed);
    return ceil(12 + packed.length, SECTOR);
  }

  static byte[] deflate(byte[] bytes) {
    Deflater deflater = new Deflater(1);
    deflater.setInput(bytes);
    deflater.finish();
    byte[] packed = new byte[bytes.length + 100];
    int length = deflater.deflate(packed);
    deflater.end();
    return Arrays.copyOf(packed, length);
  }

  private void putTables(int directoryAt, int[] places, int directorySectors, int streamAt) {
    for (int table = 0; table < directoryEntries.length; table++) {
      int at = directoryAt + directorySectors + table * TABLE_SECTORS;
      if (tablesAtEnd) {
        int markerAt = streamAt + table * (1 + TABLE_SECTORS);
        marker(markerAt, TABLE_SECTORS, 1);
        at = markerAt + 1;
      }
      directoryEntries[table] = at;
      file.putInt(directoryAt * SECTOR + 4 * table, at);
      for (int i = 0; i < 512; i++) {
        file.putInt(at * SECTOR + 4 * i, places[table * 512 + i]);
      }
    }
  }

  private void marker(int sector, long sectors, int type) {
    file.putLong(sector * SECTOR, sectors).putInt(sector * SECTOR + 12, type);
  }

  private void header(int sector, long directoryAt, int second, int overhead) {
    ByteBuffer header = file.slice(sector * SECTOR, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    header.put("KDMV".getBytes(StandardCharsets.US_ASCII)).putInt(version).putInt(flags);
    header.putLong(content.length / SECTOR).putLong(grainSectors);
    header.putLong(1).putLong(DESCRIPTOR_SECTORS).putInt(512);
    header.putLong(redundant ? second : 0).putLong(directoryAt).putLong(overhead);
    header.put((byte) 0).put("\n \r\n".getBytes(StandardCharsets.US_ASCII));
    header.putShort((short) (compressed ? 1 : 0));
  }

  /** Where the directory was put, in bytes. */
  int directoryAt() {
    return directory * SECTOR;
  }

  /** Where the entry of a grain was put, in bytes. */
  int entryAt(int grain) {
    return directoryEntries[grain / 512] * SECTOR + grain % 512 * 4;
  }

  private static int ceil(int amount, int unit) {
    return (amount + unit - 1) / unit;
  }
}
