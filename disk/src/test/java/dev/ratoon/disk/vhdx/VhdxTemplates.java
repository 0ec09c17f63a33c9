package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;

import dev.ratoon.disk.WritableDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small sound files, to be damaged by tests. */
final class VhdxTemplates {
  private static final int SIZE = 3 * MIB + 4096;

  private VhdxTemplates() {}

  /** A disk of which one block is stored and one is zero. */
  static SparseBytes dynamic(Path folder) throws IOException {
    Path file = folder.resolve("dynamic.vhdx");
    try (WritableDisk disk = VhdxDisks.create(file, SIZE, VhdxDisks.dynamic(1, 512))) {
      disk.write(MIB, ByteBuffer.wrap(TestLog.noise(1, 8192)));
      disk.write(2 * MIB, ByteBuffer.wrap(TestLog.noise(1)));
      disk.zero(2 * MIB, MIB);
    }
    return SparseBytes.of(file);
  }

  /** A child of that, of which one block is present in part. */
  static SparseBytes child(Path folder) throws IOException {
    Path file = folder.resolve("child.vhdx");
    Files.deleteIfExists(file);
    try (WritableDisk disk =
        VhdxDisks.child(file, folder.resolve("dynamic.vhdx"), SIZE, VhdxDisks.dynamic(1, 512))) {
      disk.write(3000, ByteBuffer.wrap(TestLog.noise(2, 3000)));
      disk.write(MIB, ByteBuffer.allocate(MIB));
    }
    return SparseBytes.of(file);
  }

  /** The child again, with a log that has to be replayed. */
  static SparseBytes logged(Path folder) throws IOException {
    child(folder);
    Path file = folder.resolve("child.vhdx");
    VhdxBytes bytes = new VhdxBytes(file);
    byte[] table = bytes.get(VhdxBytes.BAT, 4096).array();
    TestLog log = new TestLog(bytes);
    log.entry(0, 1).page(VhdxBytes.BAT, table).zeros(6L * MIB, 8192).write();
    log.entry(2, 2).page(6L * MIB, TestLog.noise(4)).tail(0).last(8L * MIB).write();
    return SparseBytes.of(file);
  }
}
