package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.Scribble;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.DiskId;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** QEMU finds our files sound, reads from them what we wrote, and goes on writing; and so do we. */
@Timeout(60)
class Qcow2WriterOracleTest {
  private static final OpenRules.Chain RULES = OpenRules.chain(8);

  @TempDir(factory = InMemory.class)
  Path folder;

  @ParameterizedTest
  @CsvSource({
    "512, false, false",
    "512, false, true",
    "4096, false, true",
    "65536, false, false",
    "65536, false, true",
    "2097152, false, true",
    "16384, true, false",
    "131072, true, true",
    "2097152, true, false",
  })
  void whatWeWroteIsSoundAndReadsTheSame(int cluster, boolean extended, boolean compressed)
      throws Exception {
    Random random = new Random(cluster);
    byte[] content = Contents.mixed(cluster, 3 * (1 << 20) + 5 * 512);
    Path base = Contents.raw(folder.resolve("base.raw"), content);
    Path child = folder.resolve("child.qcow2");
    VirtualDisks.Parent parent =
        new VirtualDisks.Parent(
            VirtualDisks.open(base, DiskFormat.RAW, RULES), new Backing(base, DiskFormat.RAW));
    CreateOptions options = new CreateOptions.Qcow2(cluster, extended, compressed);
    try (WritableDisk disk =
        VirtualDisks.create(child, content.length, Optional.of(parent), options)) {
      new Scribble(disk, content, random).times(30);
    }
    assertSame(child, content);

    for (int round = 0; round < 2; round++) {
      Qemu.io(
          child, "write -P 5 " + (1 << 19) + " 300k", "write -z 100k 200k", "write -P 7 512 1k");
      Arrays.fill(content, 1 << 19, (1 << 19) + 300 * 1024, (byte) 5);
      Arrays.fill(content, 100 << 10, 300 << 10, (byte) 0);
      Arrays.fill(content, 512, 1536, (byte) 7);
      assertSame(child, content);
      try (WritableDisk disk = VirtualDisks.openWritable(child, DiskFormat.QCOW2, RULES)) {
        new Scribble(disk, content, random).times(10);
      }
      assertSame(child, content);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "compat=0.10",
        "compat=0.10,cluster_size=4096",
        "compat=1.1",
        "lazy_refcounts=on",
        "cluster_size=512",
        "cluster_size=2M",
        "extended_l2=on",
        "preallocation=metadata",
        "preallocation=falloc,cluster_size=16k",
        "extended_l2=on,preallocation=metadata",
      })
  void filesOfQemuStaySoundWhenWeWrite(String options) throws Exception {
    Random random = new Random(options.hashCode());
    byte[] content = Contents.mixed(4, 2 * (1 << 20) + 512);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path image = folder.resolve("a.qcow2");
    Qemu.img("create", "-q", "-f", "qcow2", "-o", options, image, content.length);
    Qemu.img("convert", "-n", "-f", "raw", "-O", "qcow2", raw, image);
    for (int round = 0; round < 2; round++) {
      try (WritableDisk disk = VirtualDisks.openWritable(image, DiskFormat.QCOW2, RULES)) {
        new Scribble(disk, content, random).times(12);
      }
      assertSame(image, content);
    }
  }

  @Test
  void packedFilesAreWrittenAgainWithoutLeaks() throws Exception {
    byte[] content = Contents.mixed(8, 2 << 20);
    Path image = folder.resolve("a.qcow2");
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    for (String type : new String[] {"zlib", "zstd"}) {
      Files.deleteIfExists(image);
      Qemu.img(
          "convert",
          "-c",
          "-O",
          "qcow2",
          "-o",
          "compression_type=" + type,
          "-f",
          "raw",
          raw,
          image);
      byte[] now = content.clone();
      try (WritableDisk disk = VirtualDisks.openWritable(image, DiskFormat.QCOW2, RULES)) {
        new Scribble(disk, now, new Random(1)).times(20);
      }
      assertSame(image, now);
    }
  }

  @Test
  void aPackedFileIsSmall() throws Exception {
    Path image = folder.resolve("a.qcow2");
    byte[] text = new byte[8 << 20];
    Random random = new Random(1);
    for (int i = 0; i < text.length; i++) {
      text[i] = (byte) "etaoin shrdlu".charAt(random.nextInt(13));
    }
    CreateOptions options = new CreateOptions.Qcow2(1 << 16, false, true);
    try (WritableDisk disk = VirtualDisks.create(image, text.length, Optional.empty(), options)) {
      disk.write(0, ByteBuffer.wrap(text));
    }
    assertSame(image, text);
    Path theirs = folder.resolve("theirs.qcow2");
    Path raw = Contents.raw(folder.resolve("a.raw"), text);
    Qemu.img(
        "convert", "-c", "-O", "qcow2", "-o", "compression_type=zstd", "-f", "raw", raw, theirs);
    assertThat(Files.size(image)).isLessThan(Files.size(theirs) * 21 / 20);
  }

  @ParameterizedTest
  @CsvSource({"65536, false", "131072, true", "2097152, false"})
  void theLargestDiskIsWrittenAtBothEnds(int cluster, boolean extended) {
    Path image = folder.resolve("a.qcow2");
    long size = 64L << 40;
    CreateOptions options = new CreateOptions.Qcow2(cluster, extended, false);
    byte[] bytes = new byte[1 << 20];
    new Random(1).nextBytes(bytes);
    try (WritableDisk disk = VirtualDisks.create(image, size, Optional.empty(), options)) {
      disk.write(0, ByteBuffer.wrap(bytes));
      disk.write(size / 2 - 4242, ByteBuffer.wrap(bytes));
      disk.write(size - bytes.length, ByteBuffer.wrap(bytes));
      disk.zero(1 << 30, size / 4);
    }
    assertThat(QemuCheck.of(image)).isEqualTo(QemuCheck.SOUND);
    try (VirtualDisk disk = VirtualDisks.open(image, DiskFormat.QCOW2, RULES)) {
      for (long at : new long[] {0, size / 2 - 4242, size - bytes.length}) {
        byte[] read = new byte[bytes.length];
        disk.read(at, ByteBuffer.wrap(read));
        assertThat(read).isEqualTo(bytes);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65536})
  void theIdOfAParentStaysWithItsNameWhateverQemuDoes(int cluster) {
    Path one = folder.resolve("one.raw");
    Path two = folder.resolve("two.raw");
    Qemu.img("create", "-q", "-f", "raw", one, "1M");
    Qemu.img("create", "-q", "-f", "raw", two, "1M");
    DiskId id = new DiskId("5".repeat(64));
    Path child = folder.resolve("child.qcow2");
    Qcow2Child.create(
        child,
        1 << 20,
        Optional.of(new Backing(one, DiskFormat.RAW, Optional.empty(), Optional.of(id))),
        new CreateOptions.Qcow2(cluster, false, false),
        Durability.BUFFERED);

    Qemu.img("rebase", "-u", "-b", two, "-F", "raw", child);
    assertThat(Qcow2Header.read(child).parentId()).isEmpty();
    Qemu.img("rebase", "-u", "-b", one, "-F", "qcow2", child);
    assertThat(Qcow2Header.read(child).parentId()).isEmpty();
    Qemu.img("rebase", "-u", "-b", one, "-F", "raw", child);
    assertThat(Qcow2Header.read(child).parentId()).contains(id);

    Qemu.io(child, "write -P 3 0 64k");
    Qemu.img("resize", "-q", child, "2M");
    Qemu.img("snapshot", "-c", "s", child);
    Qemu.img("snapshot", "-d", "s", child);
    Qemu.img("amend", "-f", "qcow2", "-o", "compat=0.10", child);
    assertThat(Qcow2Header.read(child).parentId()).contains(id);
    Qemu.img("amend", "-f", "qcow2", "-o", "compat=1.1", child);
    Qemu.img("commit", "-q", child);
    assertThat(Qcow2Header.read(child).parentId()).contains(id);

    try (WritableLayer layer = Qcow2Writer.openWritable(ImageFile.openWritable(child))) {
      layer.relink(new Backing(two, DiskFormat.RAW, Optional.empty(), Optional.of(id)));
    }
    assertThat(Qemu.img("info", child)).contains("backing file: " + two);
    assertThat(QemuCheck.of(child)).isEqualTo(QemuCheck.SOUND);
    Qemu.io(child, "write -P 3 0 64k");
    assertThat(Qcow2Header.read(child).parentId()).contains(id);
  }

  /** Sound to QEMU and to us, and both read {@code content}. */
  private void assertSame(Path image, byte[] content) throws Exception {
    assertThat(QemuCheck.of(image)).isEqualTo(QemuCheck.SOUND);
    Path raw = folder.resolve("content.raw");
    Files.write(raw, content);
    assertThat(Qemu.img("compare", "-f", "qcow2", "-F", "raw", image, raw)).contains("identical");
    try (VirtualDisk disk = VirtualDisks.open(image, DiskFormat.QCOW2, RULES)) {
      DiskAssert.assertHolds(disk, content);
      assertThat(disk.top().examine()).isEmpty();
    }
  }
}
