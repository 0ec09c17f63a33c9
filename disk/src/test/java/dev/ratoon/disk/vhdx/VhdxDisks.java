package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/** Disks of this format for tests, and guests that write to them. */
final class VhdxDisks {
  static final OpenRules.Chain CHAIN = OpenRules.chain(8);
  static final int MIB = 1 << 20;

  private VhdxDisks() {}

  static CreateOptions.Vhdx dynamic(int blockMib, int sectorBytes) {
    return new CreateOptions.Vhdx(Allocation.DYNAMIC, blockMib * MIB, sectorBytes);
  }

  static WritableDisk create(Path file, long size, CreateOptions.Vhdx options) {
    return VirtualDisks.create(file, size, Optional.empty(), options);
  }

  /** A child of the disk in {@code parent}. */
  static WritableDisk child(Path file, Path parent, long size, CreateOptions.Vhdx options) {
    VirtualDisk opened = open(parent);
    return VirtualDisks.create(
        file, size, Optional.of(new VirtualDisks.Parent(opened, backing(opened))), options);
  }

  static Backing backing(VirtualDisk disk) {
    return new Backing(
        disk.top().file().toAbsolutePath(), disk.format(), disk.top().nativeId(), Optional.empty());
  }

  static VirtualDisk open(Path file) {
    return VirtualDisks.open(file, DiskFormat.VHDX, CHAIN);
  }

  static WritableDisk openWritable(Path file) {
    return VirtualDisks.openWritable(file, DiskFormat.VHDX, CHAIN);
  }

  /** Writes all that is not zero of {@code content}, in pieces. */
  static void fill(WritableDisk disk, byte[] content) {
    int step = 96 << 10;
    for (int at = 0; at < content.length; at += step) {
      int length = Math.min(step, content.length - at);
      if (!Arrays.equals(content, at, at + length, new byte[length], 0, length)) {
        disk.write(at, ByteBuffer.wrap(content, at, length));
      }
    }
  }

  /** One write or zero of a guest, done to {@code model} too; {@code grain} divides all bounds. */
  static void change(WritableDisk disk, byte[] model, Random random, int grain) {
    int units = model.length / grain;
    int most = random.nextInt(4) == 0 ? units : Math.max(1, (64 << 10) / grain);
    int from = random.nextInt(units);
    int count = 1 + random.nextInt(Math.min(most, units - from));
    int at = from * grain;
    int length = count * grain;
    if (random.nextInt(5) == 0) {
      // Whole blocks, often.
      at = at / MIB * MIB;
      length = Math.min(model.length - at, MIB * (1 + random.nextInt(2)));
    }
    if (random.nextInt(3) == 0) {
      disk.zero(at, length);
      Arrays.fill(model, at, at + length, (byte) 0);
    } else {
      byte[] noise = new byte[length];
      random.nextBytes(noise);
      disk.write(at, ByteBuffer.wrap(noise));
      System.arraycopy(noise, 0, model, at, length);
    }
  }
}
