package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/**
 * A guest that never stops to write. It is one boot sector: it writes the numbers from 1 on, each
 * into a sector of its own with its complement beside it, one after the other, round and round. So
 * what a disk held at any moment is known from the greatest number in it: no smaller one is
 * missing.
 */
final class Writer {
  private static final String CODE =
      "fa31c08ed88ec08ed0bc007cfb8816f07d66ff06008066a100806625ff0f00006683c04066a34c7c66a1008066f7"
          + "d066a30480b800438a16f07dbe447ccd13ebd08d740010000100008000000000000000000000";
  private static final int SECTOR = 512;
  private static final int FIRST = 64;
  private static final int SECTORS = 4096;

  private Writer() {}

  static byte[] bootSector() {
    byte[] boot = new byte[SECTOR];
    byte[] code = HexFormat.of().parseHex(CODE);
    System.arraycopy(code, 0, boot, 0, code.length);
    boot[510] = 0x55;
    boot[511] = (byte) 0xaa;
    return boot;
  }

  /**
   * Gives the disk of a guest that does not run room for all sectors. Then each number is in the
   * file at once, and not only when QEMU writes its tables the next time.
   */
  static void allocate(Path file) {
    try (WritableDisk disk =
        VirtualDisks.openWritable(
            file, DiskFormat.QCOW2, OpenRules.chain(64, List.of(), ParentWitness.TRUSTING))) {
      long end = (long) (FIRST + SECTORS) * SECTOR;
      for (long at = (long) FIRST * SECTOR; at < end; at += 32 << 10) {
        disk.write(at + 300, ByteBuffer.wrap(new byte[] {1}));
      }
      disk.flush();
    }
  }

  /** The greatest number on a disk; 0 if it cannot be read just now. */
  static long newest(Path disk) {
    try (VirtualDisk open = open(disk)) {
      return newest(sectors(open));
    } catch (RuntimeException writtenJustNow) {
      return 0;
    }
  }

  static long newest(ByteBuffer sectors) {
    long newest = 0;
    for (int i = 0; i < SECTORS; i++) {
      newest = Math.max(newest, Integer.toUnsignedLong(sectors.getInt(i * SECTOR)));
    }
    return newest;
  }

  /** The number in one sector; 0 if the disk cannot be read just now. */
  static long numberAt(Path disk, int sector) {
    try (VirtualDisk open = open(disk)) {
      return Integer.toUnsignedLong(sectors(open).getInt(sector * SECTOR));
    } catch (RuntimeException writtenJustNow) {
      return 0;
    }
  }

  static long requirePrefix(Path file) {
    try (VirtualDisk disk = open(file)) {
      return requirePrefix(disk);
    }
  }

  /** All numbers up to the newest are there, but for those that later ones took the place of. */
  static long requirePrefix(VirtualDisk disk) {
    ByteBuffer sectors = sectors(disk);
    long newest = newest(sectors);
    for (int i = 0; i < SECTORS; i++) {
      long number = Integer.toUnsignedLong(sectors.getInt(i * SECTOR));
      long expected = newest < i ? 0 : newest - Math.floorMod(newest - i, (long) SECTORS);
      assertThat(number).as("sector %d of those up to %d", i, newest).isEqualTo(expected);
      if (number != 0) {
        assertThat(sectors.getInt(i * SECTOR + Integer.BYTES)).isEqualTo(~(int) number);
      }
    }
    return newest;
  }

  private static ByteBuffer sectors(VirtualDisk disk) {
    ByteBuffer bytes = ByteBuffer.allocate(SECTORS * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    disk.read((long) FIRST * SECTOR, bytes);
    return bytes;
  }

  private static VirtualDisk open(Path file) {
    return VirtualDisks.open(
        file, DiskFormat.QCOW2, OpenRules.chain(64, List.of(), ParentWitness.TRUSTING));
  }
}
