package dev.ratoon.disk.vmdk;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files made to harm, and files that came to harm, are refused for what they are, and soon. */
@Timeout(20)
class HostileVmdkTest {
  private static final int GRAINS = 600;
  private static final long RGD_AT = 48;

  @TempDir Path folder;

  private static byte[] full() {
    byte[] content = new byte[GRAINS * 4096];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i / 4096 + 1);
    }
    return content;
  }

  @ParameterizedTest
  @CsvSource({
    // offset of the field, its bytes, the value, the refusal
    "4, 4, 0, IMAGE_UNSUPPORTED",
    "4, 4, 4, IMAGE_UNSUPPORTED",
    "4, 4, -1, IMAGE_UNSUPPORTED",
    "8, 4, 0x40001, IMAGE_UNSUPPORTED",
    "8, 4, 0x10001, IMAGE_UNSUPPORTED",
    "8, 4, 0x20001, IMAGE_UNSUPPORTED",
    "8, 4, 0x30001, IMAGE_UNSUPPORTED",
    "12, 8, 0, IMAGE_REFERS_OUTSIDE",
    "12, 8, -1, IMAGE_UNSUPPORTED",
    "12, 8, 137438953473, IMAGE_UNSUPPORTED",
    "12, 8, 137438953472, IMAGE_UNSUPPORTED",
    "12, 8, 8589934592, IMAGE_TRUNCATED",
    "20, 8, 0, IMAGE_CORRUPT",
    "20, 8, 4, IMAGE_CORRUPT",
    "20, 8, 12, IMAGE_CORRUPT",
    "20, 8, 8192, IMAGE_CORRUPT",
    "20, 8, -8, IMAGE_CORRUPT",
    "28, 8, 0, IMAGE_REFERS_OUTSIDE",
    "28, 8, 1000000, IMAGE_TRUNCATED",
    "28, 8, -1, IMAGE_TRUNCATED",
    "28, 8, 9223372036854775807, IMAGE_TRUNCATED",
    "28, 8, 20, IMAGE_REFERS_OUTSIDE",
    "36, 8, 0, IMAGE_REFERS_OUTSIDE",
    "36, 8, 2049, IMAGE_CORRUPT",
    "36, 8, -1, IMAGE_CORRUPT",
    "44, 4, 0, IMAGE_CORRUPT",
    "44, 4, 513, IMAGE_CORRUPT",
    "56, 8, 0, IMAGE_CORRUPT",
    "56, 8, 1, IMAGE_CORRUPT",
    "56, 8, -1, IMAGE_TRUNCATED",
    "56, 8, -2, IMAGE_TRUNCATED",
    "56, 8, 1000000, IMAGE_TRUNCATED",
    "56, 8, 9223372036854775807, IMAGE_TRUNCATED",
    "72, 1, 1, IMAGE_CORRUPT",
    "73, 1, 13, IMAGE_CORRUPT",
    "74, 1, 0, IMAGE_CORRUPT",
    "77, 2, 1, IMAGE_UNSUPPORTED",
    "77, 2, -1, IMAGE_UNSUPPORTED",
  })
  void aHeaderThatLiesIsRefused(int offset, int bytes, String value, ErrorCode code)
      throws Exception {
    Path file = patched(VmdkFile.sparse(full()), offset, bytes, Long.decode(value));
    assertRefused(code, () -> open(file));
  }

  @ParameterizedTest
  @CsvSource({"8, 0x1", "8, 0x10001", "8, 0x20001", "77, 0", "77, 2"})
  void aStreamThatIsOnlyHalfOneIsRefused(int offset, String value) throws Exception {
    int bytes = offset == 8 ? 4 : 2;
    Path file = patched(VmdkFile.stream(full()), offset, bytes, Long.decode(value));
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(file));
  }

  @ParameterizedTest
  @CsvSource({
    "0x10, IMAGE_CORRUPT", // within a table
    "0x1, IMAGE_CORRUPT", // without the flag that gives 1 a meaning
    "0x4, IMAGE_CORRUPT", // in the descriptor
    "0x5, IMAGE_CORRUPT", // on the directory
    "0xffffffff, IMAGE_TRUNCATED",
    "0x7fffffff, IMAGE_TRUNCATED"
  })
  void anEntryThatPointsWhereItMustNotIsRefused(String entry, ErrorCode code) throws Exception {
    VmdkFile made = VmdkFile.sparse(full());
    made.bytes();
    Path file = patched(made, made.entryAt(7), 4, Long.decode(entry));
    assertRefused(code, () -> open(file));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0, 1", "0, -1", "0, 7", "0, -7", "598, 3", "599, -3", "510, 0", "300, 5"})
  void grainsThatLieOnOneAnotherAreRefused(int grain, int sectors) throws Exception {
    VmdkFile made = VmdkFile.sparse(full());
    int place =
        ByteBuffer.wrap(made.bytes()).order(ByteOrder.LITTLE_ENDIAN).getInt(made.entryAt(grain));
    Path file = patched(made, made.entryAt(grain == 100 ? 101 : 100), 4, place + sectors);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(file));
  }

  @Test
  void grainsNeedNotBeAligned() throws Exception {
    byte[] content = new byte[8 * 4096];
    Arrays.fill(content, (byte) 3);
    VmdkFile made = VmdkFile.sparse(content);
    byte[] bytes = made.bytes();
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int behind = bytes.length / 512;
    for (int grain = 0; grain < 8; grain++) {
      file.putInt(made.entryAt(grain), behind + 3 + 8 * (grain * 3 % 8));
    }
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 3 * 512 + content.length);
    Arrays.fill(longer, bytes.length + 3 * 512, longer.length, (byte) 3);
    Path path = Files.write(folder.resolve("a.vmdk"), longer);
    try (VirtualDisk disk = VirtualDisks.open(path, OpenRules.foreign())) {
      assertHolds(disk, content);
    }
  }

  @ParameterizedTest
  @CsvSource({"14, true", "13, false"})
  void aGrainMayBeginWhereTheTablesEnd(int sector, boolean sound) throws Exception {
    // Directory: 5; its two tables: 6 to 13; grain 0: 16.
    VmdkFile made = VmdkFile.sparse(full());
    made.bytes();
    assertSound(sound, patched(made, made.entryAt(0), 4, sector));
  }

  @ParameterizedTest
  @CsvSource({"1, true", "2, false", "9, false"})
  void aGrainMayEndWhereATableBegins(int sectors, boolean sound) throws Exception {
    // Behind the last grain come a marker, which nobody needs, and the first table.
    VmdkFile made = VmdkFile.sparse(full()).tablesAtEnd();
    int last =
        ByteBuffer.wrap(made.bytes()).order(ByteOrder.LITTLE_ENDIAN).getInt(made.entryAt(599));
    assertSound(sound, patched(made, made.entryAt(599), 4, last + sectors));
  }

  private static void assertSound(boolean sound, Path file) {
    if (sound) {
      open(file);
    } else {
      assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(file));
      try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.chain(1))) {
        assertThat(disk.top().examine())
            .extracting(Finding::what)
            .anyMatch(what -> what.startsWith("A grain lies where something else does"));
      }
    }
  }

  @Test
  void aTableInTheDescriptorIsRefused() throws Exception {
    VmdkFile made = VmdkFile.sparse(full());
    made.bytes();
    Path file = patched(made, made.directoryAt() + 4, 4, 1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(file));
  }

  @ParameterizedTest
  @CsvSource({"0, true", "1, false"})
  void aDescriptorMayEndWithTheFile(int beyond, boolean whole) throws Exception {
    VmdkFile made = VmdkFile.sparse(full());
    byte[] bytes = made.bytes();
    byte[] moved = Arrays.copyOf(bytes, bytes.length + 4 * 512);
    System.arraycopy(bytes, 512, moved, bytes.length, 4 * 512);
    ByteBuffer.wrap(moved).order(ByteOrder.LITTLE_ENDIAN).putLong(28, bytes.length / 512 + beyond);
    Path file = Files.write(folder.resolve("moved.vmdk"), moved);
    if (whole) {
      open(file);
    } else {
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(file));
    }
  }

  @Test
  void oneTableForTwoPlacesIsRefused() throws Exception {
    VmdkFile made = VmdkFile.sparse(full());
    int first =
        ByteBuffer.wrap(made.bytes()).order(ByteOrder.LITTLE_ENDIAN).getInt(made.directoryAt());
    for (int place : new int[] {first, first + 1, first - 3, 2, 0x7fff_ffff}) {
      Path file = patched(made, made.directoryAt() + 4, 4, place);
      assertRefused(
          place == 0x7fff_ffff ? ErrorCode.IMAGE_TRUNCATED : ErrorCode.IMAGE_CORRUPT,
          () -> open(file));
    }
  }

  @Test
  void aPackedGrainForTwoPlacesIsRefusedWhenItIsRead() throws Exception {
    VmdkFile made = VmdkFile.stream(full());
    int place =
        ByteBuffer.wrap(made.bytes()).order(ByteOrder.LITTLE_ENDIAN).getInt(made.entryAt(0));
    Path file = patched(made, made.entryAt(1), 4, place);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> readAll(file));
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      disk.read(0, ByteBuffer.allocate(4096));
      assertRefused(ErrorCode.IMAGE_CORRUPT, () -> disk.read(4096, ByteBuffer.allocate(1)));
      disk.read(0, ByteBuffer.allocate(4096));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // in the packed grain: offset, bytes, value, refusal
    "0, 8, 1, IMAGE_CORRUPT",
    "0, 8, -1, IMAGE_CORRUPT",
    "8, 4, 0, IMAGE_CORRUPT",
    "8, 4, -1, IMAGE_CORRUPT",
    "8, 4, 8193, IMAGE_CORRUPT",
    "8, 4, 10, IMAGE_CORRUPT",
    "12, 1, 0, IMAGE_CORRUPT",
    "20, 8, -1, IMAGE_CORRUPT",
  })
  void damagedPackedGrainsAreNoticed(int offset, int bytes, long value, ErrorCode code)
      throws Exception {
    VmdkFile made = VmdkFile.stream(full());
    int at =
        ByteBuffer.wrap(made.bytes()).order(ByteOrder.LITTLE_ENDIAN).getInt(made.entryAt(0)) * 512;
    Path file = patched(made, at + offset, bytes, value);
    assertRefused(code, () -> readAll(file));
  }

  @ParameterizedTest
  @ValueSource(longs = {0xffff_ffffL, 0x8000_0000L, 0x7fff_ffffL, 20_000})
  void aPackedGrainBehindTheEndIsMissing(long entry) throws Exception {
    VmdkFile made = VmdkFile.stream(full());
    made.bytes();
    Path file = patched(made, made.entryAt(0), 4, entry);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> readAll(file));
  }

  @Test
  void everyFlippedBitOfAPackedGrainIsNoticed() throws Exception {
    byte[] content = Arrays.copyOf(Contents.mixed(2, 1 << 18), 4096);
    new Random(3).nextBytes(content);
    VmdkFile made = VmdkFile.stream(content);
    byte[] bytes = made.bytes();
    ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = view.getInt(made.entryAt(0)) * 512;
    int length = view.getInt(at + 8);
    for (int i = 0; i < length; i += 7) {
      byte[] damaged = bytes.clone();
      damaged[at + 12 + i] ^= (byte) (1 << (i % 8));
      Path file = Files.write(folder.resolve("a.vmdk"), damaged);
      assertRefused(ErrorCode.IMAGE_CORRUPT, () -> readAll(file));
    }
  }

  @Test
  void streamsThatGiveTooMuchOrTooLittleAreRefused() throws Exception {
    for (int plain : new int[] {0, 4095, 4097, 100_000}) {
      VmdkFile made = VmdkFile.stream(full());
      byte[] bytes = made.bytes();
      ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      byte[] packed = VmdkFile.deflate(new byte[plain]);
      int at = view.getInt(made.entryAt(0)) * 512;
      view.putInt(at + 8, packed.length).put(at + 12, packed);
      Path file = Files.write(folder.resolve("a.vmdk"), bytes);
      assertRefused(ErrorCode.IMAGE_CORRUPT, () -> readAll(file));
    }
  }

  @Test
  void everyCutIsNoticed() throws Exception {
    for (VmdkFile made :
        new VmdkFile[] {
          VmdkFile.sparse(full()), VmdkFile.stream(full()), VmdkFile.stream(full()).tablesAtEnd()
        }) {
      byte[] bytes = made.bytes();
      for (int keep = 16; keep < bytes.length / 512; keep += 1 + bytes.length / 512 / 40) {
        Path file = Files.write(folder.resolve("a"), Arrays.copyOf(bytes, keep * 512));
        assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> readAll(file));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    // byte from the end, value: the three sectors that end a stream
    "-1536, 0",
    "-1524, 2",
    "-1528, 1",
    "-1024, 0",
    "-500, 3",
    "-504, 1",
  })
  void aStreamWithoutItsEndIsRefused(int fromEnd, int value) throws Exception {
    byte[] bytes = VmdkFile.stream(full()).tablesAtEnd().bytes();
    if (fromEnd == -1536) {
      bytes = Arrays.copyOf(bytes, bytes.length - 100);
    } else {
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length + fromEnd, value);
    }
    Path file = Files.write(folder.resolve("a.vmdk"), bytes);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(file));
  }

  @Test
  void aFooterThatSendsToItsEndAgainIsRefused() throws Exception {
    byte[] bytes = VmdkFile.stream(full()).tablesAtEnd().bytes();
    ByteBuffer.wrap(bytes).putLong(bytes.length - 1024 + 56, -1);
    Path file = Files.write(folder.resolve("a.vmdk"), bytes);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(file));
  }

  @ParameterizedTest
  @CsvSource({
    "monolithicFlat, FLAT",
    "twoGbMaxExtentSparse, SPARSE",
    "twoGbMaxExtentFlat, FLAT",
    "vmfs, VMFS",
    "vmfsSparse, VMFSSPARSE",
    "seSparse, SESPARSE",
    "custom, SPARSE",
    "fullDevice, FLAT",
    "monolithicSparse, FLAT"
  })
  void whatKeepsItsDataElsewhereIsRefusedByName(String type, String extent) throws Exception {
    String text =
        VmdkFile.descriptor("1", "ffffffff", type, 16)
            .replace("SPARSE \"some name.vmdk\"", extent + " \"/etc/passwd\" 0");
    Path loose = Files.writeString(folder.resolve("loose.vmdk"), text);
    Path inside = VmdkFile.sparse(new byte[8192]).descriptor(text).write(folder.resolve("a.vmdk"));
    for (Path file : new Path[] {loose, inside}) {
      assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
      assertThatThrownBy(() -> open(file)).hasMessageContaining("'/etc/passwd'");
      assertRefused(
          ErrorCode.IMAGE_REFERS_OUTSIDE,
          () -> VirtualDisks.open(file, OpenRules.chain(3)).close());
    }
  }

  @Test
  void severalExtentsAreRefused() throws Exception {
    String text =
        VmdkFile.descriptor("1", "ffffffff", "monolithicSparse", 16)
            + "RW 16 SPARSE \"two.vmdk\"\nRW 16 SPARSE \"three.vmdk\"\n";
    Path file = VmdkFile.sparse(new byte[8192]).descriptor(text).write(folder.resolve("a.vmdk"));
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
    assertThatThrownBy(() -> open(file)).hasMessageContaining("'some name.vmdk' and 2 more");
  }

  @Test
  void aDifferenceIsRefusedWithoutLookingAtItsParent() throws Exception {
    String text =
        VmdkFile.descriptor("1", "12345678", "monolithicSparse", 16)
            + "parentFileNameHint=\"/etc/pass\u001b[2Jwd\"\n";
    Path file = VmdkFile.sparse(new byte[8192]).descriptor(text).write(folder.resolve("a.vmdk"));
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
    assertThatThrownBy(() -> open(file)).hasMessageContaining("'/etc/pass?[2Jwd'");
  }

  @Test
  void aLooseDescriptorIsNoDiskWhateverItSays() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("a.vmdk"), VmdkFile.descriptor("1", "ffffffff", "monolithicSparse", 16));
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
    Files.writeString(file, VmdkDescriptor.MARK);
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
  }

  @Test
  void aFileWithoutADescriptorIsOneOfSeveral() throws Exception {
    Path file = VmdkFile.sparse(new byte[8192]).descriptor("").write(folder.resolve("a.vmdk"));
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
  }

  @Test
  void anOldExtentIsRefusedByName() throws Exception {
    Path file =
        Files.write(
            folder.resolve("a.vmdk"),
            Arrays.copyOf("COWD".getBytes(StandardCharsets.US_ASCII), 4096));
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(file));
    assertThatThrownBy(() -> open(file)).hasMessageContaining("VMDK");
  }

  @Test
  void whatIsNoVmdkIsSaidToBeNone() throws Exception {
    Path file = Files.write(folder.resolve("a"), new byte[512]);
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(file, DiskFormat.VMDK));
    Files.write(file, new byte[511]);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(file, DiskFormat.VMDK));
    Files.write(file, new byte[0]);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(file, DiskFormat.VMDK));
  }

  @Test
  void nobodyWritesToOne() throws Exception {
    Path file = VmdkFile.sparse(full()).write(folder.resolve("a.vmdk"));
    assertRefused(
        ErrorCode.IMAGE_UNSUPPORTED,
        () -> VirtualDisks.openWritable(file, DiskFormat.VMDK, OpenRules.chain(1)).close());
  }

  @Test
  void aHugeSparseFileWithSmallGrainsIsRefusedBeforeMemoryIsTaken() throws Exception {
    Path file = VmdkFile.sparse(full()).write(folder.resolve("a.vmdk"));
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(300L << 30);
    }
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(file));
    VirtualDisks.open(file, OpenRules.chain(1)).close();
  }

  @Test
  void aSecondDirectoryThatLiesIsFoundOnlyByExamining() throws Exception {
    Path file = patched(VmdkFile.sparse(full()).redundant(), (int) RGD_AT, 8, -1);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertThat(disk.top().examine()).hasSize(1);
    }
  }

  private Path patched(VmdkFile made, int offset, int bytes, long value) throws Exception {
    byte[] file = made.bytes();
    ByteBuffer view = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    switch (bytes) {
      case 1 -> view.put(offset, (byte) value);
      case 2 -> view.putShort(offset, (short) value);
      case 4 -> view.putInt(offset, (int) value);
      default -> view.putLong(offset, value);
    }
    return Files.write(folder.resolve("patched.vmdk"), file);
  }

  private static void open(Path file) {
    VirtualDisks.open(file, OpenRules.foreign()).close();
  }

  private static void open(Path file, DiskFormat format) {
    VirtualDisks.open(file, format, OpenRules.foreign()).close();
  }

  private static void readAll(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      Contents.read(disk);
    }
  }
}
