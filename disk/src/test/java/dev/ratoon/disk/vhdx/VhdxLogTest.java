package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static dev.ratoon.disk.vhdx.TestLog.noise;
import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a log says counts, read or written; and nothing else does. */
@Timeout(20)
class VhdxLogTest {
  private static final int SECTORS = 256;

  /** The first block of the disk, which has 2 MiB, lies here. */
  private static final long BLOCK = 4 * MIB;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final byte[] model = noise(0, 2 * MIB);
  private Path file;
  private VhdxBytes bytes;
  private TestLog log;

  @BeforeEach
  void aDiskThatHasALog() {
    file = folder.resolve("disk.vhdx");
    try (WritableDisk disk = VhdxDisks.create(file, model.length, VhdxDisks.dynamic(1, 512))) {
      disk.write(0, ByteBuffer.wrap(model));
    }
    bytes = new VhdxBytes(file);
    log = new TestLog(bytes);
  }

  /** The disk's page at {@code page} of the block holds what was logged. */
  private void expect(int page, byte[] content) {
    System.arraycopy(content, 0, model, page * 4096, 4096);
  }

  @Test
  void pagesAndZerosAreReadThoughTheFileStaysAsItIs() throws IOException {
    log.entry(3, 7)
        .page(BLOCK + 4096, noise(1))
        .zeros(BLOCK + 3 * 4096, 5 * 4096)
        .page(BLOCK + 5 * 4096, noise(2))
        .page(BLOCK + 255 * 4096, noise(3))
        .write();
    expect(1, noise(1));
    for (int page = 3; page < 8; page++) {
      expect(page, new byte[4096]);
    }
    expect(5, noise(2));
    expect(255, noise(3));
    checkReadAndRepaired();
  }

  @Test
  void theBlockTableIsReadThroughTheLog() throws IOException {
    byte[] table = new byte[4096];
    // The second block is where the first one was, and the first one is zero.
    table[0] = 2;
    ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).putLong(8, BLOCK | 6);
    log.entry(0, 1).page(VhdxBytes.BAT, table).write();
    System.arraycopy(model.clone(), 0, model, MIB, MIB);
    Arrays.fill(model, 0, MIB, (byte) 0);
    checkReadAndRepaired();
  }

  @Test
  void anEntryMayGoAroundTheLogsEndAndHaveMoreDescriptorsThanASectorHolds() throws IOException {
    TestLog.Entry entry = log.entry(SECTORS - 90, 0x1_0000_0002L);
    for (int i = 0; i < 200; i++) {
      if (i % 3 == 0) {
        entry.zeros(BLOCK + i * 4096L, 4096);
        expect(i, new byte[4096]);
      } else {
        entry.page(BLOCK + i * 4096L, noise(i));
        expect(i, noise(i));
      }
    }
    entry.padding(2).write();
    checkReadAndRepaired();
  }

  @Test
  void anEntryOfNothingIsAValidOne() throws IOException {
    log.entry(9, 1).write();
    checkReadAndRepaired();
  }

  @Test
  void aSequenceIsReplayedFromItsTailOn() throws IOException {
    log.entry(0, 5).page(BLOCK, noise(1)).write();
    log.entry(2, 6).page(BLOCK + 4096, noise(2)).tail(0).write();
    log.entry(4, 7).page(BLOCK + 4096, noise(3)).page(BLOCK + 8192, noise(4)).tail(2).write();
    expect(1, noise(3));
    expect(2, noise(4));
    checkReadAndRepaired();
  }

  @Test
  void theNewestCompleteSequenceCounts() throws IOException {
    log.entry(0, 5).page(BLOCK, noise(1)).write();
    // Not a continuation: the number is not the next one.
    log.entry(2, 7).page(BLOCK, noise(2)).write();
    // Newer, but its tail is not before it.
    log.entry(10, 20).page(BLOCK, noise(3)).tail(2).write();
    // Newer, but of another log.
    log.entry(20, 30).page(BLOCK, noise(4)).id(1).write();
    // Newer, but torn.
    TestLog.Entry torn = log.entry(30, 40).page(BLOCK, noise(5));
    torn.write(torn.bytes().put(5000, (byte) (torn.bytes().get(5000) + 1)));
    expect(0, noise(2));
    checkReadAndRepaired();
  }

  @ParameterizedTest
  @CsvSource({
    // offset in an entry of a page at 4 MiB and of zeros, bytes, value that makes it not valid
    "0, 4, 0",
    "8, 4, 8193",
    "8, 4, 1048576",
    "8, 4, 4096",
    "8, 4, 0",
    "12, 4, 1",
    "12, 4, 1048576",
    "16, 8, 0",
    "16, 8, 2",
    "24, 4, 1000",
    "24, 4, -1",
    "64, 4, 0",
    "80, 8, 4194305",
    "88, 8, 2",
    "96, 4, 1",
    "104, 8, 4095",
    "112, 8, 1",
    "120, 8, 2",
    "4096, 4, 0",
    "4100, 4, 1",
    "8188, 4, 2",
  })
  void anEntryThatBreaksARuleIsNone(int offset, int count, long value) {
    TestLog.Entry entry = log.entry(0, 1).page(BLOCK, noise(1)).zeros(BLOCK + 4096, 4096);
    ByteBuffer broken = entry.bytes();
    for (int i = 0; i < count; i++) {
      broken.put(offset + i, (byte) (value >>> (8 * i)));
    }
    broken.putInt(4, VhdxBytes.checksum(broken));
    entry.write(broken);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(file).close());
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.openWritable(file).close());
  }

  @ParameterizedTest
  @CsvSource({
    // where a page or zeros would be written, and how many bytes of zeros
    "0, 0",
    "65536, 0",
    "192512, 0",
    "1048576, 0",
    "2093056, 0",
    "-4096, 0",
    "4611686018427387904, 0",
    "1044480, 8192",
    "196608, 1048576",
    "4194304, -4096",
    "4194304, 4611686018427387904",
  })
  void aLogThatWouldChangeWhatItMustNotIsRefused(long offset, long zeros) {
    TestLog.Entry entry = log.entry(0, 1);
    (zeros == 0 ? entry.page(offset, noise(1)) : entry.zeros(offset, zeros)).write();
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(file).close());
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.openWritable(file).close());
  }

  @Test
  void aFileShorterThanItsLogSaysIsRefused() {
    log.entry(0, 1).flushed(7 * MIB).write();
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> VhdxDisks.open(file).close());
    log.entry(0, 1).flushed(-MIB).write();
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> VhdxDisks.open(file).close());
    log.entry(0, 1).last(1L << 60).write();
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(file).close());
  }

  @Test
  void aFileIsAsLongAsItsLogMakesIt() throws IOException {
    // The second block was at the end of the file, which did not get to the disk.
    bytes.cut(BLOCK + MIB);
    log.entry(0, 1).flushed(BLOCK + MIB).last(BLOCK + 2 * MIB).write();
    Arrays.fill(model, MIB, 2 * MIB, (byte) 0);
    checkReadAndRepaired();
    assertThat(Files.size(file)).isEqualTo(BLOCK + 2 * MIB);
  }

  @Test
  void aPageBehindTheEndMakesTheFileLonger() throws IOException {
    bytes.cut(BLOCK + MIB);
    log.entry(0, 1).page(BLOCK + 2 * MIB - 4096, noise(1)).zeros(BLOCK + MIB, 8192).write();
    Arrays.fill(model, MIB, 2 * MIB, (byte) 0);
    expect(511, noise(1));
    checkReadAndRepaired();
  }

  @Test
  void aStrangersBlocksLieInTheFileAsItIs() {
    bytes.cut(BLOCK);
    log.entry(0, 1).last(BLOCK + 2 * MIB).write();
    try (ImageFile opened = ImageFile.open(file)) {
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> VhdxLayer.open(opened, true));
    }
  }

  @Test
  void aLogOfUnknownVersionIsOnlyAReasonIfThereIsSomethingToReplay() {
    bytes.putInHeaders(64, 2, 1);
    log.entry(0, 1).write();
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> VhdxDisks.open(file).close());
    bytes.putInHeaders(48, 8, 0);
    VhdxDisks.open(file).close();
  }

  @ParameterizedTest
  @CsvSource({
    "68, 4, 0, IMAGE_CORRUPT",
    "68, 4, 1048577, IMAGE_CORRUPT",
    "68, 4, 104857600, IMAGE_TRUNCATED",
    "72, 8, 0, IMAGE_CORRUPT",
    "72, 8, 1048577, IMAGE_CORRUPT",
    "72, 8, -1048576, IMAGE_CORRUPT",
    "72, 8, 4611686018427387904, IMAGE_TRUNCATED",
  })
  void aLogThatLiesWhereItCannotIsRefused(int offset, int count, long value, ErrorCode code) {
    log.entry(0, 1).write();
    bytes.putInHeaders(offset, count, value);
    assertRefused(code, () -> VhdxDisks.open(file).close());
  }

  @Test
  void entriesThatOverlapTakeNoLongTimeToBeRefused() throws IOException {
    // A log of 64 MiB in which every sector claims to begin an entry that goes all around.
    int sectors = 64 * 256;
    bytes.put(128L * MIB, 1, 0);
    bytes.putInHeaders(72, 8, 32L * MIB);
    bytes.putInHeaders(68, 4, 64L * MIB);
    byte[] sector = new byte[64];
    ByteBuffer entry = ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN);
    entry.put("loge".getBytes(StandardCharsets.US_ASCII));
    entry.putInt(8, sectors * 4096).putLong(16, 1).putLong(32, TestLog.ID);
    for (int i = 0; i < sectors; i++) {
      bytes.put(32L * MIB + i * 4096L, sector);
    }
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(file).close());
  }

  @Test
  void tooManyPiecesAreRefusedBeforeMemoryIsTaken() {
    bytes.put(64L * MIB, 1, 0);
    bytes.putInHeaders(72, 8, 32L * MIB);
    bytes.putInHeaders(68, 4, 16L * MIB);
    TestLog.Entry entry = log.entry(0, 1);
    for (int i = 0; i < 140_000; i++) {
      entry.zeros((1L << 30) + i * 8192L, 4096);
    }
    bytes.put(32L * MIB, entry.bytes().array());
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> VhdxDisks.open(file).close());
  }

  @Test
  void aLogTooLargeIsRefused() {
    bytes.put(400L * MIB, 1, 0);
    bytes.putInHeaders(72, 8, 32L * MIB);
    bytes.putInHeaders(68, 4, 257L * MIB);
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> VhdxDisks.open(file).close());
  }

  /** The disk reads as the model, for readers and, after that, for writers. */
  private void checkReadAndRepaired() throws IOException {
    byte[] before = Files.readAllBytes(file);
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      assertThat(Arrays.mismatch(content(disk), model)).as("first difference").isNegative();
      assertThat(disk.top().examine())
          .anyMatch(f -> f.severity() == Finding.Severity.LEAK && f.what().contains("log"));
    }
    assertThat(Arrays.mismatch(Files.readAllBytes(file), before)).as("was changed").isNegative();
    VhdxDisks.openWritable(file).close();
    assertThat(bytes.word(bytes.currentHeader() + 48)).as("log's id").isZero();
    assertThat(bytes.get(bytes.currentHeader() + 16, 16))
        .as("session")
        .isNotEqualTo(ByteBuffer.wrap(before, (int) VhdxBytes.HEADER_1 + 16, 16).slice());
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      assertThat(Arrays.mismatch(content(disk), model)).as("first difference").isNegative();
    }
  }

  /** Read in steps that begin and end within pages. */
  private static byte[] content(VirtualDisk disk) {
    byte[] content = new byte[(int) disk.size()];
    for (int at = 0; at < content.length; at += 5000) {
      disk.read(at, ByteBuffer.wrap(content, at, Math.min(5000, content.length - at)));
    }
    return content;
  }
}
