package dev.ratoon.disk.qcow2;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CrashLog;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
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

/** What is not written to, what happens when the disk is full, and what the refcounts can hold. */
@Timeout(60)
class Qcow2WritingLimitsTest {
  private static final OpenRules.Chain RULES = OpenRules.chain(8);
  private static final WritableLayer.Below ZEROS = WritableLayer.Below.NOTHING;
  private static final int CLUSTER = 4096;

  @TempDir(factory = InMemory.class)
  Path folder;

  @ParameterizedTest
  @CsvSource({
    "60, 4, 1, IMAGE_UNSUPPORTED",
    "72, 8, 1, IMAGE_CORRUPT",
    "72, 8, 2, IMAGE_CORRUPT",
    "88, 8, 1, IMAGE_UNSUPPORTED",
    "88, 8, -9223372036854775808, IMAGE_UNSUPPORTED",
    "96, 4, 3, IMAGE_UNSUPPORTED",
    "96, 4, 5, IMAGE_UNSUPPORTED",
    "48, 8, 0, IMAGE_CORRUPT",
    "48, 8, 4097, IMAGE_CORRUPT",
    "48, 8, -4096, IMAGE_CORRUPT",
    "48, 8, 1073741824, IMAGE_TRUNCATED",
    "56, 4, 0, IMAGE_CORRUPT",
    "56, 4, 2049, IMAGE_CORRUPT",
    "56, 4, -1, IMAGE_CORRUPT",
    "56, 4, 1000, IMAGE_TRUNCATED",
    // The refcount table: a block that lies nowhere, between clusters, over the header.
    "4096, 8, 0, IMAGE_CORRUPT",
    "4096, 8, 8193, IMAGE_CORRUPT",
    "4096, 8, -8192, IMAGE_CORRUPT",
    "4096, 8, 1073741824, IMAGE_TRUNCATED",
    "4096, 8, 12288, IMAGE_CORRUPT",
    "4104, 8, 8192, IMAGE_CORRUPT",
    // The block: counts of the header, the table, the L1 table.
    "8192, 2, 0, IMAGE_CORRUPT",
    "8194, 2, 0, IMAGE_CORRUPT",
    "8198, 2, 0, IMAGE_CORRUPT",
  })
  void whatCouldBeWrittenWronglyIsNotWrittenTo(int at, int bytes, long value, ErrorCode code)
      throws Exception {
    Path file = image(1 << 20);
    byte[] content = Files.readAllBytes(file);
    byte[] patch = ByteBuffer.allocate(8).putLong(value).array();
    System.arraycopy(patch, 8 - bytes, content, at, bytes);
    Files.write(file, content);
    assertRefused(code, () -> VirtualDisks.openWritable(file, DiskFormat.QCOW2, RULES));
    assertThat(file).hasBinaryContent(content);
    // And it is not locked any more.
    ImageFile.openWritable(file).close();
  }

  @Test
  void whatIsCountedTwiceIsNotWrittenTo() throws Exception {
    Path file = image(1 << 20);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
    int l1 = (int) bytes.getLong(40);
    int l2 = (int) (bytes.getLong(l1) & L2Entries.OFFSET);
    int data = (int) (bytes.getLong(l2) & L2Entries.OFFSET);
    for (int place : new int[] {l2, data}) {
      int entry = place == l2 ? l1 : l2;
      bytes.putLong(entry, bytes.getLong(entry) & ~L2Entries.COPIED);
      Files.write(file, bytes.array());
      writeByte(file);
      bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      bytes.putShort(2 * CLUSTER + place / CLUSTER * 2, (short) 2);
      Files.write(file, bytes.array());
      assertRefused(ErrorCode.IMAGE_CORRUPT, () -> writeByte(file));
      bytes.putShort(2 * CLUSTER + place / CLUSTER * 2, (short) 1);
      bytes.putLong(entry, bytes.getLong(entry) | L2Entries.COPIED);
    }
  }

  @Test
  void placesThatAreCountedBehindTheEndAreLeftAlone() throws Exception {
    Path file = image(1 << 20);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
    int end = bytes.capacity() / CLUSTER;
    for (int cluster : new int[] {end, end + 2, end + 3}) {
      bytes.putShort(2 * CLUSTER + cluster * 2, (short) 1);
    }
    Files.write(file, bytes.array());
    byte[] content = new byte[3 * CLUSTER];
    Arrays.fill(content, (byte) 7);
    try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.QCOW2, RULES)) {
      disk.write(1 << 19, ByteBuffer.wrap(content));
    }
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      byte[] read = new byte[content.length];
      disk.read(1 << 19, ByteBuffer.wrap(read));
      assertThat(read).isEqualTo(content);
      assertThat(disk.top().examine())
          .extracting(Finding::severity)
          .containsOnly(Finding.Severity.LEAK);
    }
    ByteBuffer after = ByteBuffer.wrap(Files.readAllBytes(file));
    assertThat(after.getShort(2 * CLUSTER + (end + 2) * 2)).isEqualTo((short) 1);
  }

  @Test
  void aFullRefcountTableGrowsAndCrashesAtAnyPointAreSurvived() throws Exception {
    // A table of one cluster is for 8 MiB, with clusters of 512 bytes.
    Path file = folder.resolve("growing");
    byte[] content = new byte[10 << 20];
    new Random(1).nextBytes(content);
    CreateOptions options = new CreateOptions.Qcow2(512, false, false);
    int before = 8_000_000;
    try (WritableDisk disk = VirtualDisks.create(file, content.length, Optional.empty(), options)) {
      disk.write(0, ByteBuffer.wrap(content, 0, before));
    }
    CrashLog log = new CrashLog(Files.readAllBytes(file));
    try (WritableLayer layer =
        Qcow2Writer.openWritable(ImageFile.openWritable(file).observedBy(log))) {
      layer.write(before, ByteBuffer.wrap(content, before, 900_000), ZEROS);
      layer.flush();
      layer.write(before + 900_000, ByteBuffer.wrap(content, before + 900_000, 1000), ZEROS);
    }
    Qcow2Header header = Qcow2Header.read(file);
    assertThat(header.counts().tableClusters()).isEqualTo(2);
    assertThat(content(file, before + 901_000)).isEqualTo(Arrays.copyOf(content, before + 901_000));
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      assertThat(disk.top().examine()).isEmpty();
    }
    Random random = new Random(2);
    int moved = log.beforeWriteAt(Qcow2HeaderReader.COUNTS_AT);
    for (int i = 0; i < 40; i++) {
      int done =
          switch (i % 4) {
            case 0 -> random.nextInt(log.size() + 1);
            case 1 -> moved;
            case 2 -> moved + random.nextInt(5);
            default -> log.beforeForce(moved + 1);
          };
      byte[] left = i % 8 == 0 ? log.afterKill(done) : log.afterPowerLoss(done, random);
      Path rest = folder.resolve("left");
      Files.write(rest, left);
      assertThat(content(rest, before)).isEqualTo(Arrays.copyOf(content, before));
      try (VirtualDisk disk = VirtualDisks.open(rest, DiskFormat.QCOW2, RULES)) {
        assertThat(disk.top().examine())
            .as("after " + done + " of " + log.size())
            .extracting(Finding::severity)
            .doesNotContain(Finding.Severity.ERROR);
      }
    }
  }

  @Test
  void whatBecomesZerosWhileItIsReadReadsAsZeros() {
    Path file = folder.resolve("zeros");
    CreateOptions.Qcow2 options = new CreateOptions.Qcow2(CLUSTER, false, false);
    try (WritableLayer layer =
        Qcow2Writer.create(ImageFile.create(file), 1 << 20, Optional.empty(), options)) {
      layer.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}), ZEROS);
      assertThat(layer.extentAt(0, 512).kind()).isEqualTo(Extent.Kind.DATA);
      layer.zero(0, CLUSTER, ZEROS);
      ByteBuffer read = ByteBuffer.wrap(new byte[] {4, 4, 4});
      layer.read(0, read);
      assertThat(read.array()).containsOnly(0);
    }
  }

  @Test
  void tablesAreWrittenBackBeforeTheyTakeTooMuchMemory() throws Exception {
    Path file = folder.resolve("wide");
    CreateOptions.Qcow2 options = new CreateOptions.Qcow2(512, false, false);
    Backing parent = new Backing(Path.of("/parent"), DiskFormat.RAW);
    try (WritableLayer layer =
        Qcow2Writer.create(ImageFile.create(file), 1 << 29, Optional.of(parent), options)) {
      layer.zero(0, 1 << 28, ZEROS);
      try (Qcow2Layer reader = Qcow2Layer.open(ImageFile.open(file), false)) {
        assertThat(reader.extentAt(0, 512).kind()).isEqualTo(Extent.Kind.ZERO);
        assertThat(reader.extentAt((1 << 28) - 512, 1 << 28).kind()).isEqualTo(Extent.Kind.HOLE);
      }
      assertThat(layer.extentAt((1 << 28) - 512, 1 << 28).kind()).isEqualTo(Extent.Kind.ZERO);
    }
  }

  @Test
  void evenWhatPacksToNothingIsFewEnoughToBeCounted() {
    Packer packer = new Packer(1 << 21);
    packer.add(ByteBuffer.allocate(1 << 21));
    assertThat(packer.lengths().getFirst()).isGreaterThan((1 << 21) / 65535).isLessThan(200);
  }

  @Test
  void aFullDiskIsSaidAndWhatWasFlushedIsThere() throws Exception {
    for (CreateOptions.Qcow2 options :
        new CreateOptions.Qcow2[] {
          new CreateOptions.Qcow2(512, false, false),
          new CreateOptions.Qcow2(CLUSTER, false, true),
          new CreateOptions.Qcow2(1 << 14, true, false)
        }) {
      int room = 0;
      while (!fitsIn(room, options)) {
        room++;
      }
      assertThat(room).isGreaterThan(10);
    }
  }

  /** Whether all is written if only the first {@code room} writes find room. */
  private boolean fitsIn(int room, CreateOptions.Qcow2 options) throws IOException {
    Path file = folder.resolve("full-" + options.clusterBytes());
    Files.deleteIfExists(file);
    byte[] flushed = new byte[20_000];
    new Random(1).nextBytes(flushed);
    Qcow2Child.create(file, 1 << 20, Optional.empty(), options, Durability.BUFFERED);
    boolean[] reached = new boolean[2];
    WritableLayer layer =
        Qcow2Writer.openWritable(ImageFile.openWritable(file).observedBy(new Full(file, room)));
    try {
      layer.write(3000, ByteBuffer.wrap(flushed), ZEROS);
      layer.flush();
      reached[0] = true;
      layer.write(100_000, ByteBuffer.wrap(flushed), ZEROS);
      layer.zero(8192, 4096, ZEROS);
      layer.flush();
      reached[1] = true;
    } catch (RatoonException e) {
      assertThat(e.problem().code()).isEqualTo(ErrorCode.DISK_FULL);
      try {
        layer.flush();
      } catch (RatoonException again) {
        assertThat(again.problem().code()).isIn(ErrorCode.DISK_FULL, ErrorCode.FILE_UNWRITABLE);
      }
    }
    try {
      layer.close();
    } catch (RatoonException e) {
      assertThat(e.problem().code()).isEqualTo(ErrorCode.DISK_FULL);
    }
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      assertThat(disk.top().examine())
          .extracting(Finding::severity)
          .doesNotContain(Finding.Severity.ERROR);
    }
    if (reached[0]) {
      byte[] content = content(file, 30_000);
      assertThat(Arrays.copyOfRange(content, 3000, 8192))
          .isEqualTo(Arrays.copyOf(flushed, 8192 - 3000));
    }
    assertThatCode(() -> writeByte(file)).doesNotThrowAnyException();
    return reached[1];
  }

  /** A disk that has room for so many writes. */
  private static final class Full implements ImageFile.Observer {
    private final Path file;
    private int room;

    Full(Path file, int room) {
      this.file = file;
      this.room = room;
    }

    @Override
    public void wrote(long offset, ByteBuffer bytes) {
      if (room-- <= 0) {
        throw Faults.unwritable(file, new IOException("No space left on device"));
      }
    }

    @Override
    public void resized(long length) {}

    @Override
    public void forced() {}
  }

  private static byte[] content(Path file, int length) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      byte[] content = new byte[length];
      disk.read(0, ByteBuffer.wrap(content));
      return content;
    }
  }

  private static void writeByte(Path file) {
    try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.QCOW2, RULES)) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
    }
  }

  /** A disk with clusters of 4 KiB, of which the first is written. */
  private Path image(long size) {
    Path file = folder.resolve("a.qcow2");
    CreateOptions.Qcow2 options = new CreateOptions.Qcow2(CLUSTER, false, false);
    try (WritableDisk disk = VirtualDisks.create(file, size, Optional.empty(), options)) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
    }
    return file;
  }
}
