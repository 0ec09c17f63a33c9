package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Others read what we write, and we read what others write. What is known of them:
 *
 * <ul>
 *   <li>qemu-img opens no differencing file and no logical sectors of 4096 bytes. It marks no
 *       region as required, and refuses to read a file whose log has to be replayed unless it may
 *       write to it. Before 8.0 some builds damage the BAT when an entry changes that begins a page
 *       (QEMU issue 727); Debian's 7.2.22 does not.
 *   <li>vhdimount (libvhdi 20210425) reads a block of state "zero" of a differencing file from the
 *       beginning of the file, or from the parent: so its chains have no such blocks here. It shows
 *       one file for each file of the chain, the disk's own last; and it finds parents in the same
 *       folder only.
 *   <li>7zz finds parents in the same folder only. It reads blocks that are undefined or unmapped
 *       as zeros, in differencing files too, as we do. It refuses a disk that has an odd number of
 *       sectors of 4096 bytes.
 * </ul>
 */
@Timeout(60)
class VhdxOracleTest {
  private static final int SIZE = 9 * MIB + 3 * 8192;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private Path raw(byte[] content) throws IOException {
    Path raw = folder.resolve("content.raw");
    Files.deleteIfExists(raw);
    return Contents.raw(raw, content);
  }

  private static void assertReads(Path file, byte[] content) {
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.chain(8))) {
      assertThat(disk.size()).isEqualTo(content.length);
      assertThat(Arrays.mismatch(Contents.read(disk), content)).isNegative();
    }
  }

  @ParameterizedTest
  @CsvSource({"DYNAMIC, 1", "DYNAMIC, 2", "DYNAMIC, 256", "FIXED, 1", "FIXED, 32"})
  void qemuReadsWhatWeWrite(Allocation allocation, int blockMib) throws IOException {
    byte[] content = Contents.mixed(blockMib, SIZE);
    Path file = folder.resolve("a.vhdx");
    CreateOptions.Vhdx options = new CreateOptions.Vhdx(allocation, blockMib * MIB, 512);
    try (WritableDisk disk = VhdxDisks.create(file, SIZE, options)) {
      VhdxDisks.fill(disk, content);
    }
    Qemu.img("compare", "-f", "vhdx", "-F", "raw", file, raw(content));
    assertThat(Qemu.img("check", "-f", "vhdx", file)).contains("No errors");
    assertThat(Qemu.img("info", "-f", "vhdx", file))
        .contains("(" + SIZE + " bytes)")
        .contains("cluster_size: " + blockMib * MIB);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "subformat=dynamic",
        "subformat=dynamic,block_size=1M",
        "subformat=dynamic,block_size=2M,block_state_zero=off",
        "subformat=dynamic,block_size=256M,log_size=8M",
        "subformat=fixed",
        "subformat=fixed,block_size=1M",
      })
  void weReadAndWriteWhatQemuWrites(String variant) throws IOException {
    byte[] content = Contents.mixed(3, SIZE);
    Path file = folder.resolve("a.vhdx");
    Qemu.img("convert", "-f", "raw", "-O", "vhdx", "-o", variant, raw(content), file);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertThat(Arrays.mismatch(Contents.read(disk), content)).isNegative();
      assertThat(disk.top().variant()).startsWith(variant.contains("fixed") ? "fixed" : "dynamic");
      assertThat(disk.top().examine()).noneMatch(f -> f.severity() == Finding.Severity.ERROR);
    }
    Random random = new Random(1);
    try (WritableDisk disk = VhdxDisks.openWritable(file)) {
      for (int i = 0; i < 10; i++) {
        VhdxDisks.change(disk, content, random, 512);
      }
    }
    Qemu.img("compare", "-f", "vhdx", "-F", "raw", file, raw(content));
    assertThat(Qemu.img("check", "-f", "vhdx", file)).contains("No errors");
  }

  @Test
  void weAndQemuWriteToOneFileInTurn() throws IOException {
    byte[] content = new byte[SIZE];
    Path file = folder.resolve("a.vhdx");
    Random random = new Random(5);
    VhdxDisks.create(file, SIZE, VhdxDisks.dynamic(1, 512)).close();
    for (int round = 0; round < 3; round++) {
      try (WritableDisk disk = VhdxDisks.openWritable(file)) {
        for (int i = 0; i < 4; i++) {
          VhdxDisks.change(disk, content, random, 512);
        }
      }
      List<Object> command = new ArrayList<>(List.of("qemu-io", "-f", "vhdx"));
      for (int i = 0; i < 4; i++) {
        int at = random.nextInt(SIZE / 512) * 512;
        int length = Math.min(SIZE - at, (1 + random.nextInt(500)) * 512);
        Arrays.fill(content, at, at + length, (byte) (i + 1));
        command.addAll(List.of("-c", "write -P " + (i + 1) + " " + at + " " + length));
      }
      command.add(file);
      assertThat(Tool.run(command.toArray())).doesNotContain("rror");
      assertReads(file, content);
    }
  }

  @Test
  void qemuReplaysALogAsWeDo() throws IOException {
    byte[] content = TestLog.noise(1, 4 * MIB);
    Path file = folder.resolve("a.vhdx");
    try (WritableDisk disk = VhdxDisks.create(file, 4 * MIB, VhdxDisks.dynamic(1, 512))) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    TestLog log = new TestLog(new VhdxBytes(file));
    // A sequence that goes around the log's end.
    TestLog.Entry first = log.entry(200, 5);
    for (int i = 0; i < 40; i++) {
      first.page((4L * MIB) + i * 4096L, TestLog.noise(100 + i));
    }
    first.zeros(5L * MIB, 3 * 4096).write();
    log.entry(241, 6).page(5L * MIB + 4096, TestLog.noise(7)).tail(200).write();
    TestLog.Entry last = log.entry(243, 7).tail(200);
    for (int i = 0; i < 30; i++) {
      last.page((6L * MIB) + i * 4096L, TestLog.noise(200 + i));
    }
    last.write();
    assertQemuReplaysAsWeDo(file);
  }

  @Test
  void qemuReplaysWhatOurKilledWriterLeft() throws IOException {
    Path file = folder.resolve("a.vhdx");
    Path killed = folder.resolve("killed.vhdx");
    Random random = new Random(2);
    byte[] content = new byte[SIZE];
    try (WritableDisk disk = VhdxDisks.create(file, SIZE, VhdxDisks.dynamic(1, 512))) {
      VhdxDisks.change(disk, content, random, 512);
    }
    Recording recording = new Recording(SparseBytes.of(file));
    try (VhdxWriter layer =
        VhdxWriter.openWritable(ImageFile.openWritable(file).observedBy(recording))) {
      for (int i = 0; i < 3; i++) {
        layer.write(i * 3L * MIB, ByteBuffer.wrap(TestLog.noise(i)), VhdxWriter.Below.NOTHING);
        layer.flush();
      }
    }
    int[] logs = new int[1];
    recording.crashes(
        random,
        0,
        (_, left) -> {
          left.writeTo(killed);
          VhdxBytes bytes = new VhdxBytes(killed);
          if (bytes.word(bytes.currentHeader() + 48) != 0) {
            logs[0]++;
            assertQemuReplaysAsWeDo(killed);
          }
        });
    assertThat(logs[0]).as("files with a log").isGreaterThan(8);
  }

  private void assertQemuReplaysAsWeDo(Path file) throws IOException {
    byte[] ours;
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      ours = Contents.read(disk);
    }
    assertThatThrownBy(() -> Qemu.img("info", "-f", "vhdx", file)).hasMessageContaining("replay");
    assertThat(Qemu.img("check", "-r", "all", "-f", "vhdx", file)).contains("No errors");
    VhdxBytes bytes = new VhdxBytes(file);
    assertThat(bytes.word(bytes.currentHeader() + 48)).as("log's id").isZero();
    Qemu.img("compare", "-f", "vhdx", "-F", "raw", file, raw(ours));
    assertReads(file, ours);
  }

  @ParameterizedTest
  @CsvSource({"1, 512", "2, 4096", "1, 4096"})
  void sevenZipReadsChains(int blockMib, int sectorBytes) throws IOException {
    Random random = new Random(blockMib);
    CreateOptions.Vhdx options = VhdxDisks.dynamic(blockMib, sectorBytes);
    byte[] content = new byte[SIZE];
    Path parent = folder.resolve("0.vhdx");
    Path output = folder.resolve("output");
    try (WritableDisk disk = VhdxDisks.create(parent, SIZE, options)) {
      changes(disk, content, random, sectorBytes);
    }
    for (int depth = 1; depth <= 3; depth++) {
      Path child = folder.resolve(depth + ".vhdx");
      try (WritableDisk disk = VhdxDisks.child(child, parent, SIZE, options)) {
        changes(disk, content, random, sectorBytes);
      }
      Tool.runInto(output, "7zz", "e", "-tvhdx", "-so", child);
      assertThat(Arrays.mismatch(Files.readAllBytes(output), content)).isNegative();
      parent = child;
    }
    try (WritableDisk disk = VhdxDisks.openWritable(folder.resolve("1.vhdx"))) {
      disk.write(0, ByteBuffer.allocate(sectorBytes));
    }
    Path last = parent;
    assertThatThrownBy(() -> Tool.runInto(output, "7zz", "e", "-tvhdx", "-so", last))
        .isInstanceOf(AssertionError.class);
  }

  private static void changes(WritableDisk disk, byte[] content, Random random, int grain) {
    for (int i = 0; i < 8; i++) {
      VhdxDisks.change(disk, content, random, grain);
    }
    disk.flush();
    for (int i = 0; i < 4; i++) {
      VhdxDisks.change(disk, content, random, grain);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 512", "2, 4096"})
  void libvhdiReadsChains(int blockMib, int sectorBytes) throws IOException {
    assumeFuse();
    Random random = new Random(blockMib);
    CreateOptions.Vhdx options = VhdxDisks.dynamic(blockMib, sectorBytes);
    byte[] content = new byte[SIZE];
    Path parent = folder.resolve("0.vhdx");
    try (WritableDisk disk = VhdxDisks.create(parent, SIZE, options)) {
      changes(disk, content, random, sectorBytes);
    }
    for (int depth = 1; depth <= 3; depth++) {
      Path child = folder.resolve(depth + ".vhdx");
      try (WritableDisk disk = VhdxDisks.child(child, parent, SIZE, options)) {
        for (int i = 0; i < 12; i++) {
          int at = random.nextInt(SIZE / sectorBytes) * sectorBytes;
          int length = Math.min(SIZE - at, (1 + random.nextInt(400)) * sectorBytes);
          byte[] noise = TestLog.noise(i, length);
          disk.write(at, ByteBuffer.wrap(noise));
          System.arraycopy(noise, 0, content, at, length);
        }
      }
      assertThat(Arrays.mismatch(mounted(child, depth + 1), content)).isNegative();
      parent = child;
    }
  }

  /** What the n-th file says that vhdimount shows. */
  private byte[] mounted(Path file, int number) throws IOException {
    Path place = Files.createDirectories(folder.resolve("mounted"));
    Tool.runInto(folder.resolve("output"), "vhdimount", file, place);
    try {
      return Files.readAllBytes(place.resolve("vhdi" + number));
    } finally {
      Tool.run("fusermount", "-u", place);
    }
  }

  private static void assumeFuse() {
    try (FileChannel _ =
        FileChannel.open(Path.of("/dev/fuse"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      // It can be opened, so it can be used.
    } catch (IOException e) {
      Assumptions.abort("/dev/fuse cannot be opened: " + e);
    }
  }
}
