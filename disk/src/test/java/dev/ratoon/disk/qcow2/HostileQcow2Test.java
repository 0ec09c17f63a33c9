package dev.ratoon.disk.qcow2;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.DiskProbe;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files made to harm, and files that came to harm, are refused for what they are, and soon. */
@Timeout(20)
class HostileQcow2Test {
  private static final long CLUSTER = 1 << 16;

  /** Made by others, once. */
  private static final byte[] SOUND = converted(Contents.mixed(1, Contents.SIZE));

  private static final byte[] SMALL = converted(Contents.mixed(6, 1 << 19));

  @TempDir(factory = InMemory.class)
  Path folder;

  private Path image;

  private static byte[] converted(byte[] content) {
    try {
      Path folder = Files.createTempDirectory("hostile");
      Path raw = Contents.raw(folder.resolve("a.raw"), content);
      Path image = folder.resolve("a.qcow2");
      Qemu.img("convert", "-f", "raw", "-O", "qcow2", raw, image);
      byte[] bytes = Files.readAllBytes(image);
      for (Path each : new Path[] {raw, image, folder}) {
        Files.delete(each);
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeEach
  void soundImage() throws Exception {
    image = Files.write(folder.resolve("a.qcow2"), SOUND);
  }

  @Test
  void anUploadThatNamesAHostFileIsRefusedWithoutLookingAtIt() {
    Path thief = folder.resolve("thief.qcow2");
    Qemu.img("create", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", thief, "1M");
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(thief));
  }

  @Test
  void anExternalDataFileIsRefusedAlsoInAChain() {
    Path thief = folder.resolve("thief.qcow2");
    Qemu.img("create", "-f", "qcow2", "-o", "data_file=" + folder.resolve("data"), thief, "1M");
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(thief));
    assertRefused(
        ErrorCode.IMAGE_REFERS_OUTSIDE, () -> VirtualDisks.open(thief, OpenRules.chain(2)).close());
  }

  @ParameterizedTest
  @CsvSource({
    // offset of the field, its bytes, the value, the refusal
    "4, 4, 1, IMAGE_UNSUPPORTED",
    "4, 4, 4, IMAGE_UNSUPPORTED",
    "20, 4, 8, IMAGE_CORRUPT",
    "20, 4, 22, IMAGE_CORRUPT",
    "20, 4, -1, IMAGE_CORRUPT",
    "24, 8, 0, IMAGE_CORRUPT",
    "24, 8, 513, IMAGE_CORRUPT",
    "24, 8, -512, IMAGE_CORRUPT",
    "24, 8, 9223372036854775296, IMAGE_UNSUPPORTED",
    "24, 8, 70368744177664, IMAGE_CORRUPT",
    "32, 4, 1, IMAGE_UNSUPPORTED",
    "32, 4, 2, IMAGE_UNSUPPORTED",
    "36, 4, 0, IMAGE_CORRUPT",
    "40, 8, 0, IMAGE_CORRUPT",
    "40, 8, 196609, IMAGE_CORRUPT",
    "40, 8, 281474976710656, IMAGE_TRUNCATED",
    "40, 8, -65536, IMAGE_CORRUPT",
    "72, 8, 1, IMAGE_CORRUPT",
    "72, 8, 2, IMAGE_CORRUPT",
    "72, 8, 4, IMAGE_REFERS_OUTSIDE",
    "72, 8, 8, IMAGE_UNSUPPORTED",
    "72, 8, 32, IMAGE_UNSUPPORTED",
    "72, 8, -9223372036854775808, IMAGE_UNSUPPORTED",
    "96, 4, 7, IMAGE_CORRUPT",
    "100, 4, 103, IMAGE_CORRUPT",
    "100, 4, 1000000, IMAGE_CORRUPT",
    "100, 4, -8, IMAGE_CORRUPT",
    "104, 1, 1, IMAGE_UNSUPPORTED",
    "116, 4, 2147483647, IMAGE_CORRUPT",
    "116, 4, -1, IMAGE_CORRUPT",
    "8, 8, 65530, IMAGE_CORRUPT",
    "8, 8, -1, IMAGE_CORRUPT",
  })
  void aHeaderThatLiesIsRefused(long offset, int bytes, long value, ErrorCode code)
      throws Exception {
    patch(offset, bytes, value);
    assertRefused(code, () -> open(image));
  }

  @Test
  void aHugeDiskWithTablesToMatchIsRefusedBeforeMemoryIsTaken() throws Exception {
    patch(20, 4, 9);
    patch(24, 8, 64L << 40);
    patch(36, 4, -1);
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(image));
  }

  @ParameterizedTest
  @CsvSource({
    "0x0010000000000000, IMAGE_TRUNCATED",
    "0x0000000000010200, IMAGE_CORRUPT",
    "0x0000000000000004, IMAGE_CORRUPT",
    "0x0100000000010000, IMAGE_CORRUPT",
    "0x0000000000000000, IMAGE_CORRUPT"
  })
  void anL2EntryThatPointsWhereItMustNotIsRefused(String entry, ErrorCode code) throws Exception {
    long l2 = firstL2();
    long good = get(l2 + 8 * firstPlain(l2));
    long bad = Long.decode(entry) == 0 ? good : Long.decode(entry);
    // Zero stands for: the same place twice.
    patch(l2 + 8L * (firstPlain(l2) + (Long.decode(entry) == 0 ? 1 : 0)), 8, bad);
    assertRefused(code, () -> open(image));
  }

  @Test
  void anL1EntryThatPointsWhereItMustNotIsRefused() throws Exception {
    long l1 = get(40);
    patch(l1, 8, 1L << 50);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(image));
    patch(l1, 8, 512);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(image));
    patch(l1, 8, l1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(image));
    patch(l1, 8, 1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(image));
  }

  @Test
  void oneTableForAWholeDiskIsRefused() throws Exception {
    Path bomb = folder.resolve("bomb.qcow2");
    Qcow2Child.create(
        bomb, 8L << 30, Optional.empty(), CreateOptions.Qcow2.STANDARD, Durability.BUFFERED);
    Qemu.io(bomb, "write -P 1 0 64k");
    image = bomb;
    long l1 = get(40);
    for (int i = 1; i < 16; i++) {
      patch(l1 + 8L * i, 8, get(l1));
    }
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(bomb));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "compression_type=zstd"})
  void damagedCompressedDataIsNoticed(String options) throws Exception {
    Path packed = folder.resolve("packed.qcow2");
    if (options.isEmpty()) {
      Qemu.img("convert", "-c", "-O", "qcow2", image, packed);
    } else {
      Qemu.img("convert", "-c", "-O", "qcow2", "-o", options, image, packed);
    }
    image = packed;
    long l2 = firstL2();
    int entry = 0;
    while ((get(l2 + 8L * entry) >>> 62 & 1) == 0) {
      entry++;
    }
    // Halve what the entry says, so that the stream ends too early or is somebody else's.
    patch((get(l2 + 8L * entry) & 0xffff_ffff_ffffL) + 2, 8, 0x5555_5555_5555_5555L);

    try (VirtualDisk disk = VirtualDisks.open(packed, OpenRules.foreign())) {
      ByteBuffer target = ByteBuffer.allocate(100);
      long at = entry * CLUSTER;
      assertRefused(ErrorCode.IMAGE_CORRUPT, () -> disk.read(at, target));
    }
  }

  @Test
  void aFileThatEndsTooEarlyIsRefusedWhereverItEnds() throws Exception {
    byte[] whole = SOUND;
    // The last cluster of the file is the disk's last one, of which the disk has three sectors.
    int needed = whole.length - (int) CLUSTER + 3 * 512;
    Random random = new Random(4);
    for (int i = 0; i < 20; i++) {
      int length = i < 10 ? needed - 1 - i * 150 : random.nextInt(needed);
      Path cut = folder.resolve("cut");
      Files.write(cut, java.util.Arrays.copyOf(whole, length));
      try {
        open(cut, DiskFormat.QCOW2);
      } catch (RatoonException e) {
        assertThat(e.problem().code())
            .isIn(ErrorCode.IMAGE_TRUNCATED, ErrorCode.NOT_AN_IMAGE, ErrorCode.IMAGE_CORRUPT);
        continue;
      }
      throw new AssertionError("cut to " + length + " of " + whole.length + " it still opened");
    }
  }

  @Test
  void chainsThatGoInCirclesEnd() {
    Path one = folder.resolve("one.qcow2");
    Path two = folder.resolve("two.qcow2");
    child(one, two);
    child(two, one);
    assertRefused(
        ErrorCode.IMAGE_CORRUPT, () -> VirtualDisks.open(one, OpenRules.chain(10)).close());
    Path self = folder.resolve("self.qcow2");
    child(self, self);
    assertRefused(
        ErrorCode.IMAGE_CORRUPT, () -> VirtualDisks.open(self, OpenRules.chain(10)).close());
  }

  @Test
  void chainsEndWhereTheRulesSay() {
    Path child = folder.resolve("child.qcow2");
    child(child, image);
    VirtualDisks.open(child, OpenRules.chain(2)).close();
    assertRefused(
        ErrorCode.IMAGE_UNSUPPORTED, () -> VirtualDisks.open(child, OpenRules.chain(1)).close());
  }

  @ParameterizedTest
  @ValueSource(strings = {"json:{\"driver\":\"null-co\"}", "nbd://localhost/x", "file:a.qcow2"})
  void onlyFilesAreParents(String name) {
    Path child = folder.resolve("child.qcow2");
    Qemu.img("create", "-u", "-f", "qcow2", "-b", name, "-F", "raw", child, "1M");
    assertRefused(
        ErrorCode.IMAGE_UNSUPPORTED, () -> VirtualDisks.open(child, OpenRules.chain(3)).close());
  }

  @Test
  void aParentOfUnknownFormatIsRefusedAndAMissingOneNamed() {
    Path child = folder.resolve("child.qcow2");
    Qemu.img("create", "-u", "-f", "qcow2", "-b", image, "-F", "vdi", child, "1M");
    assertRefused(
        ErrorCode.IMAGE_UNSUPPORTED, () -> VirtualDisks.open(child, OpenRules.chain(3)).close());
    Path orphan = folder.resolve("orphan.qcow2");
    child(orphan, folder.resolve("gone"));
    assertRefused(
        ErrorCode.PARENT_MISSING, () -> VirtualDisks.open(orphan, OpenRules.chain(3)).close());
  }

  @Test
  void aRawParentIsRawWhateverAGuestWroteIntoIt() throws Exception {
    byte[] disguised = new byte[1 << 20];
    byte[] header = Files.readAllBytes(image);
    System.arraycopy(header, 0, disguised, 0, 1 << 17);
    Path raw = Contents.raw(folder.resolve("disguised.raw"), disguised);
    Path child = folder.resolve("child.qcow2");
    Optional<Backing> parent = Optional.of(new Backing(raw, DiskFormat.RAW));
    Qcow2Child.create(child, 1 << 20, parent, CreateOptions.Qcow2.STANDARD, Durability.BUFFERED);
    try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(2))) {
      DiskAssert.assertHolds(disk, disguised);
    }
  }

  @Test
  void flippedBytesNeverDoMoreThanARefusal() throws Exception {
    Random random = new Random(99);
    int metadata = (int) (6 * CLUSTER);
    for (int round = 0; round < 120; round++) {
      byte[] flipped = SMALL.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        int where = random.nextInt(3) == 0 ? random.nextInt(120) : random.nextInt(metadata);
        flipped[where] ^= (byte) (1 << random.nextInt(8));
      }
      Path file = folder.resolve("flipped");
      Files.write(file, flipped);
      DiskProbe.readAll(file);
    }
  }

  private static void child(Path file, Path parent) {
    Qcow2Child.create(
        file,
        1 << 20,
        Optional.of(new Backing(parent, DiskFormat.QCOW2)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
  }

  private static void open(Path file) {
    VirtualDisks.open(file, OpenRules.foreign()).close();
  }

  private static void open(Path file, DiskFormat format) {
    VirtualDisks.open(file, format, OpenRules.foreign()).close();
  }

  private long firstL2() throws IOException {
    return get(get(40)) & 0x00ff_ffff_ffff_fe00L;
  }

  /** The first of two neighbouring entries of which both are plain. */
  private long firstPlain(long l2) throws IOException {
    for (int i = 0; ; i++) {
      if (plain(get(l2 + 8L * i)) && plain(get(l2 + 8L * (i + 1)))) {
        return i;
      }
    }
  }

  private static boolean plain(long entry) {
    return (entry & 0x00ff_ffff_ffff_fe00L) != 0 && (entry >>> 62 & 1) == 0;
  }

  private long get(long offset) throws IOException {
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
      ByteBuffer bytes = ByteBuffer.allocate(8);
      channel.read(bytes, offset);
      return bytes.flip().getLong();
    }
  }

  private void patch(long offset, int bytes, long value) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(offset);
      file.write(ByteBuffer.allocate(8).putLong(value).array(), 8 - bytes, bytes);
    }
  }
}
