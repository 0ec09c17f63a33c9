package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.ImageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A change of more pages than one entry of the log holds is safe between its entries too. */
class VhdxSavingOrderTest {
  private static final long SIZE = 1L << 37;

  /** So far apart, each block has its entry in a page of its own, and a chunk's go over several. */
  private static final long STEP = 512L * MIB;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  /** Writes to a second file what is written to the first, and looks at it between two writes. */
  private static final class Following implements ImageFile.Observer {
    private final ImageFile copy;
    private final List<Long> written = new ArrayList<>();
    private Runnable look = () -> {};

    Following(ImageFile copy) {
      this.copy = copy;
    }

    @Override
    public void wrote(long offset, ByteBuffer bytes) {
      boolean logEntry = offset >= VhdxBytes.LOG && offset < VhdxBytes.METADATA;
      if (logEntry || written.size() % 50 == 0) {
        look.run();
      }
      copy.write(offset, bytes);
      written.add(offset);
    }

    @Override
    public void resized(long length) {
      copy.setLength(length);
    }

    @Override
    public void forced() {}
  }

  @Test
  void everyWriteOfALargeChangeLeavesASoundFile() throws IOException {
    Path base = folder.resolve("base.vhdx");
    Path child = folder.resolve("child.vhdx");
    Path copy = folder.resolve("copy.vhdx");
    VhdxDisks.create(base, SIZE, VhdxDisks.dynamic(1, 512)).close();
    VhdxDisks.child(child, base, SIZE, VhdxDisks.dynamic(1, 512)).close();
    Files.copy(child, copy);
    Following following = new Following(ImageFile.openWritable(copy));
    try (WritableLayer layer =
        VhdxWriter.openWritable(ImageFile.openWritable(child).observedBy(following))) {
      for (long offset = 4096; offset < SIZE; offset += STEP) {
        layer.write(
            offset, ByteBuffer.wrap(TestLog.noise(offset, 512)), WritableLayer.Below.NOTHING);
      }
      following.look = () -> assertSound(copy);
      following.written.clear();
      layer.flush();
      following.look = () -> {};
    }
    assertThat(following.written).as("of many entries").hasSizeGreaterThan(4 * 126);
    following.copy.close();
    try (VirtualDisk disk = VhdxDisks.open(copy)) {
      for (long offset = 4096; offset < SIZE; offset += STEP) {
        ByteBuffer read = ByteBuffer.allocate(512);
        disk.read(offset, read);
        assertThat(read.array()).isEqualTo(TestLog.noise(offset, 512));
      }
    }
  }

  private static void assertSound(Path file) {
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      assertThat(disk.top().examine()).noneMatch(f -> f.severity() == Finding.Severity.ERROR);
    }
  }

  @Test
  void soManyPagesWaitAtMost() {
    Path base = folder.resolve("base.vhdx");
    VhdxDisks.create(base, 64L << 40, VhdxDisks.dynamic(1, 512)).close();
    List<Long> tables = new ArrayList<>();
    long bat = VhdxBytes.BAT;
    long batEnd = bat + new BlockGeometry(64L << 40, MIB, 512, false).batBytes();
    ImageFile.Observer watching =
        new ImageFile.Observer() {
          @Override
          public void wrote(long offset, ByteBuffer bytes) {
            if (offset >= bat && offset < batEnd) {
              tables.add(offset);
            }
          }

          @Override
          public void resized(long length) {}

          @Override
          public void forced() {}
        };
    try (WritableLayer layer =
        VhdxWriter.openWritable(ImageFile.openWritable(base).observedBy(watching))) {
      for (int i = 0; i < 1100; i++) {
        layer.write((long) i << 29, ByteBuffer.allocate(1), WritableLayer.Below.NOTHING);
      }
      assertThat(tables).doesNotHaveDuplicates().hasSizeGreaterThan(1000);
    }
    assertThat(tables).hasSize(1100);
  }
}
