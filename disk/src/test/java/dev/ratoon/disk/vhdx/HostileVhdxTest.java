package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files made to harm, and files that came to harm, are refused for what they are, and soon. */
@Timeout(20)
class HostileVhdxTest {
  private static final byte[] NOISE = TestLog.noise(1, 3 * MIB);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private Path image;
  private VhdxBytes bytes;

  /** Five blocks of 1 MiB and a bit; the first three are stored. */
  @BeforeEach
  void soundImage() {
    image = folder.resolve("a.vhdx");
    bytes = new VhdxBytes(image);
    try (WritableDisk disk = VhdxDisks.create(image, 5 * MIB + 4096, VhdxDisks.dynamic(1, 512))) {
      disk.write(0, ByteBuffer.wrap(NOISE));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // offset in both headers, bytes, value, refusal
    "0, 4, 0, IMAGE_CORRUPT",
    "66, 2, 0, IMAGE_UNSUPPORTED",
    "66, 2, 2, IMAGE_UNSUPPORTED",
    "48, 8, 1, IMAGE_CORRUPT",
    "8, 8, 5, IMAGE_CORRUPT",
  })
  void aHeaderThatLiesIsRefused(int offset, int count, long value, ErrorCode code) {
    // Both have the same sequence number in the last case, but not the same content.
    bytes.put(VhdxBytes.HEADER_1 + 20, 1, 77);
    bytes.putInHeaders(offset, count, value);
    assertRefused(code, this::open);
  }

  @Test
  void oneGoodHeaderIsEnough() {
    bytes.put(VhdxBytes.HEADER_2 + 100, 1, 1);
    assertFinding("header");
    bytes.put(VhdxBytes.HEADER_2 + 100, 1, 0);
    open();
    bytes.put(VhdxBytes.HEADER_1 + 100, 1, 1);
    assertFinding("header");
    VhdxDisks.openWritable(image).close();
    assertThat(examined()).isEmpty();
    bytes.put(VhdxBytes.HEADER_1 + 100, 1, 1);
    bytes.put(VhdxBytes.HEADER_2 + 100, 1, 1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::open);
  }

  @Test
  void equalHeadersAreNoContradiction() {
    bytes.put(VhdxBytes.HEADER_1, bytes.get(VhdxBytes.HEADER_2, 4096).array());
    open();
  }

  @Test
  void theHeaderOfTheHigherUnsignedNumberCounts() {
    bytes.put(VhdxBytes.HEADER_1 + 8, 8, -1);
    bytes.put(VhdxBytes.HEADER_2 + 66, 2, 9);
    bytes.seal();
    open();
    bytes.put(VhdxBytes.HEADER_2 + 8, 8, -1);
    bytes.put(VhdxBytes.HEADER_1 + 8, 8, 1);
    bytes.seal();
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, this::open);
  }

  @Test
  void oneGoodRegionTableIsEnough() {
    bytes.put(VhdxBytes.REGIONS_1 + 10_000, 1, 1);
    assertFinding("region table");
    bytes.put(VhdxBytes.REGIONS_1 + 10_000, 1, 0);
    bytes.put(VhdxBytes.REGIONS_2, 1, 0);
    assertFinding("region table");
    bytes.put(VhdxBytes.REGIONS_1, 1, 0);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::open);
  }

  @ParameterizedTest
  @CsvSource({
    // offset in both region tables (metadata at 16, BAT at 48), bytes, value, refusal
    "8, 4, 0, IMAGE_CORRUPT",
    "8, 4, 1, IMAGE_CORRUPT",
    "8, 4, 3, IMAGE_CORRUPT",
    "8, 4, 2048, IMAGE_CORRUPT",
    "8, 4, -1, IMAGE_CORRUPT",
    "16, 1, 0, IMAGE_UNSUPPORTED",
    "48, 1, 0, IMAGE_UNSUPPORTED",
    "32, 8, 0, IMAGE_CORRUPT",
    "32, 8, 1048577, IMAGE_CORRUPT",
    "32, 8, -1048576, IMAGE_CORRUPT",
    "32, 8, 1099511627776, IMAGE_TRUNCATED",
    "32, 8, 3145728, IMAGE_CORRUPT",
    "40, 4, 0, IMAGE_CORRUPT",
    "40, 4, 1000, IMAGE_CORRUPT",
    "64, 8, 1099511627776, IMAGE_TRUNCATED",
    "64, 8, 281474976710656, IMAGE_TRUNCATED",
    "64, 8, 281474977759232, IMAGE_CORRUPT",
    "64, 8, 4194304, IMAGE_CORRUPT",
    "64, 8, 1048576, IMAGE_CORRUPT",
    "72, 4, 2097152, IMAGE_CORRUPT",
  })
  void aRegionTableThatLiesIsRefused(int offset, int count, long value, ErrorCode code) {
    bytes.putInRegions(offset, count, value);
    assertRefused(code, this::open);
  }

  @Test
  void anUnknownRegionIsSkippedUnlessItIsRequired() {
    bytes.putInRegions(80, 8, 0x1234);
    bytes.putInRegions(96, 8, 100L * MIB);
    bytes.putInRegions(104, 4, MIB);
    bytes.putInRegions(8, 4, 3);
    bytes.put(101L * MIB, 1, 0);
    open();
    bytes.putInRegions(108, 4, 1);
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, this::open);
    // One of the known ones a second time.
    bytes.putInRegions(80, 8, bytes.word(VhdxBytes.REGIONS_1 + 16));
    bytes.putInRegions(88, 8, bytes.word(VhdxBytes.REGIONS_1 + 24));
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::open);
  }

  @ParameterizedTest
  @CsvSource({
    // offset in the metadata table (items of 32 bytes from 32 on), bytes, value, refusal
    "0, 1, 0, IMAGE_CORRUPT",
    "10, 2, 0, IMAGE_CORRUPT",
    "10, 2, 3, IMAGE_CORRUPT",
    "10, 2, 2048, IMAGE_CORRUPT",
    "10, 2, 65535, IMAGE_CORRUPT",
    "32, 1, 0, IMAGE_UNSUPPORTED",
    "48, 4, 65535, IMAGE_CORRUPT",
    "48, 4, 1048570, IMAGE_CORRUPT",
    "48, 4, -8, IMAGE_CORRUPT",
    "52, 4, 7, IMAGE_CORRUPT",
    "52, 4, 1048577, IMAGE_CORRUPT",
    "52, 4, -1, IMAGE_CORRUPT",
    "56, 4, 5, IMAGE_UNSUPPORTED",
    "56, 4, 1, IMAGE_CORRUPT",
    "84, 4, 7, IMAGE_CORRUPT",
    "116, 4, 15, IMAGE_CORRUPT",
  })
  void aMetadataTableThatLiesIsRefused(int offset, int count, long value, ErrorCode code) {
    bytes.put(VhdxBytes.METADATA + offset, count, value);
    assertRefused(code, this::open);
  }

  @Test
  void unknownItemsAreSkippedUnlessTheyAreRequiredAndNoneIsThereTwice() {
    long entry = VhdxBytes.METADATA + 32 + 5 * 32;
    bytes.put(VhdxBytes.METADATA + 10, 2, 6);
    bytes.put(entry, 8, 99);
    open();
    bytes.put(entry + 24, 4, 4);
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, this::open);
    bytes.put(entry, bytes.get(VhdxBytes.METADATA + 64, 32).array());
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::open);
    // A user's item may have the id of a known one; it is another.
    bytes.put(entry + 24, 4, 1);
    open();
  }

  @ParameterizedTest
  @CsvSource({
    // offset in the items, bytes, value, refusal
    "0, 4, 0, IMAGE_CORRUPT",
    "0, 4, 524288, IMAGE_CORRUPT",
    "0, 4, 536870912, IMAGE_CORRUPT",
    "0, 4, -2147483648, IMAGE_CORRUPT",
    "0, 4, 1048577, IMAGE_CORRUPT",
    "4, 4, 2, IMAGE_CORRUPT",
    "8, 8, 0, IMAGE_CORRUPT",
    "8, 8, 513, IMAGE_CORRUPT",
    "8, 8, -512, IMAGE_CORRUPT",
    "8, 8, 70368744178176, IMAGE_CORRUPT",
    "8, 8, 70368744177664, IMAGE_CORRUPT",
    "32, 4, 0, IMAGE_CORRUPT",
    "32, 4, 1024, IMAGE_CORRUPT",
    "32, 4, -512, IMAGE_CORRUPT",
  })
  void anItemThatLiesIsRefused(int offset, int count, long value, ErrorCode code) {
    bytes.put(VhdxBytes.ITEMS + offset, count, value);
    assertRefused(code, this::open);
  }

  @ParameterizedTest
  @CsvSource({
    // entry, place in MiB, state and reserved bits, refusal
    "0, 5, 6, IMAGE_CORRUPT",
    "0, 3, 6, IMAGE_CORRUPT",
    "0, 2, 6, IMAGE_CORRUPT",
    "0, 1, 6, IMAGE_CORRUPT",
    "0, 0, 6, IMAGE_CORRUPT",
    "0, 7, 6, IMAGE_TRUNCATED",
    "0, 1000000, 6, IMAGE_TRUNCATED",
    "0, 17592186044415, 6, IMAGE_CORRUPT",
    "0, 300000000, 6, IMAGE_CORRUPT",
    "0, 4, 7, IMAGE_CORRUPT",
    "0, 4, 4, IMAGE_CORRUPT",
    "0, 4, 5, IMAGE_CORRUPT",
    "0, 4, 14, IMAGE_CORRUPT",
    "0, 4, 524294, IMAGE_CORRUPT",
    "4, 6, 6, IMAGE_CORRUPT",
  })
  void anEntryThatPointsWhereItMustNotIsRefused(int entry, long place, long state, ErrorCode code) {
    bytes.put(VhdxBytes.BAT + 8L * entry, 8, place << 20 | state);
    assertRefused(code, this::open);
    assertRefused(code, () -> VhdxDisks.openWritable(image).close());
    try (VirtualDisk disk = VhdxDisks.open(image)) {
      assertThat(disk.top().examine()).anyMatch(f -> f.severity() == Finding.Severity.ERROR);
    }
  }

  @Test
  void theLastBlockMayEndWithTheDisk() {
    bytes.put(VhdxBytes.BAT + 8L * 5, 8, 7L << 20 | 6);
    bytes.put(7L * MIB, new byte[4096]);
    open();
    bytes.cut(7L * MIB + 4095);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, this::open);
  }

  @Test
  void entriesOfOtherStatesMaySayAnyPlace() {
    for (int state = 0; state < 4; state++) {
      bytes.put(VhdxBytes.BAT + 8L * (state + 1), 8, 4L << 20 | state);
    }
    // Without a parent bitmaps have no meaning.
    bytes.put(VhdxBytes.BAT + 8L * 4096, 8, -1);
    open();
    try (VirtualDisk disk = VhdxDisks.open(image)) {
      ByteBuffer content = ByteBuffer.allocate(4 * MIB);
      disk.read(MIB, content);
      assertThat(content.array()).containsOnly(0);
    }
  }

  @Test
  void aFileThatEndsTooEarlyIsRefusedWhereverItEnds() throws IOException {
    long whole = Files.size(image);
    Random random = new Random(4);
    for (int i = 0; i < 40; i++) {
      long length = i < 10 ? whole - 1 - i * 150L : random.nextInt((int) whole);
      bytes.cut(Math.min(length, Files.size(image)));
      try {
        open();
      } catch (RatoonException e) {
        assertThat(e.problem().code())
            .isIn(ErrorCode.IMAGE_TRUNCATED, ErrorCode.NOT_AN_IMAGE, ErrorCode.IMAGE_CORRUPT);
        soundAgain();
        continue;
      }
      throw new AssertionError("cut to " + length + " of " + whole + " it still opened");
    }
  }

  private void soundAgain() throws IOException {
    Files.delete(image);
    soundImage();
  }

  @Test
  void aStrangersParentIsNotLookedAt() {
    Path child = folder.resolve("child.vhdx");
    VhdxDisks.child(child, image, 5 * MIB, VhdxDisks.dynamic(1, 512)).close();
    assertRefused(
        ErrorCode.IMAGE_REFERS_OUTSIDE,
        () -> VirtualDisks.open(child, OpenRules.foreign()).close());
  }

  @Test
  void flippedBytesNeverDoMoreThanARefusal() {
    Path child = folder.resolve("child.vhdx");
    try (WritableDisk disk = VhdxDisks.child(child, image, 5 * MIB, VhdxDisks.dynamic(1, 512))) {
      for (int i = 0; i < 5; i++) {
        disk.write(i * MIB + 70_000, ByteBuffer.wrap(TestLog.noise(i, 30_000)));
      }
    }
    VhdxBytes target = new VhdxBytes(child);
    long[] places = {
      VhdxBytes.HEADER_1,
      VhdxBytes.REGIONS_1,
      VhdxBytes.REGIONS_2,
      VhdxBytes.METADATA,
      VhdxBytes.ITEMS,
      VhdxBytes.BAT,
      VhdxBytes.BAT + 4096 * 8 - 64
    };
    Random random = new Random(99);
    for (int round = 0; round < 120; round++) {
      long at = places[random.nextInt(places.length)] + random.nextInt(120);
      byte[] before = target.get(at, 1).array();
      target.put(at, 1, before[0] ^ 1 << random.nextInt(8));
      target.seal();
      VhdxProbe.readAll(child);
      target.put(at, before);
      target.seal();
    }
    assertThat(VhdxProbe.readAll(child)).as("sound in the end").isTrue();
  }

  private void open() {
    try (ImageFile file = ImageFile.open(image)) {
      VhdxLayer.open(file, true);
    }
  }

  private List<Finding> examined() {
    try (VirtualDisk disk = VhdxDisks.open(image)) {
      return disk.top().examine();
    }
  }

  private void assertFinding(String word) {
    open();
    assertThat(examined())
        .singleElement()
        .matches(f -> f.severity() == Finding.Severity.ERROR && f.what().contains(word));
  }
}
