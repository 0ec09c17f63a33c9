package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.file.ImageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with a file is said, each thing once, and told from what only wastes room. */
class Qcow2ExaminationTest {
  private static final int CLUSTER = 4096;
  private static final long COPIED = L2Entries.COPIED;

  /** Where our writer puts things; then come an L2 table and 20 clusters of data. */
  private static final int TABLE = CLUSTER;

  private static final int COUNTS = 2 * CLUSTER;
  private static final int L1 = 3 * CLUSTER;
  private static final int L2 = 4 * CLUSTER;
  private static final int DATA = 5 * CLUSTER;
  private static final int END = 25 * CLUSTER;
  private static final String LEAKED = "counted as used more often than they are.";
  private static final String UNCOUNTED = "used more often than they are counted.";

  @TempDir(factory = InMemory.class)
  Path folder;

  private ByteBuffer file = ByteBuffer.allocate(0);

  @BeforeEach
  void aSoundFile() throws Exception {
    file = made(new CreateOptions.Qcow2(CLUSTER, false, false), 4 << 20, 20 * CLUSTER);
    assertThat(file.capacity()).isEqualTo(END);
    assertThat(file.getLong(L1)).isEqualTo(COPIED | L2);
    assertThat(file.getLong(L2)).isEqualTo(COPIED | DATA);
    assertThat(findings()).isEmpty();
  }

  private ByteBuffer made(CreateOptions.Qcow2 options, int size, int written) throws Exception {
    Path path = folder.resolve("made");
    byte[] content = new byte[written];
    new Random(1).nextBytes(content);
    try (WritableDisk disk = Chains.create(path, size, options)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path));
    Files.delete(path);
    return bytes;
  }

  @Test
  void flagsThatContradictTheCounts() throws Exception {
    file.putLong(L2, DATA);
    found(error("The cluster of data at byte 20480 is wrongly said to be counted once, or not"));
    file.putLong(L2, COPIED | DATA).putLong(L1, L2);
    found(error("The L2 table at byte 16384 is wrongly said to be counted once, or not to be."));
  }

  @Test
  void countsThatAreTooHighOrTooLow() throws Exception {
    file.putShort(COUNTS + 5 * 2, (short) 2);
    found(error("The cluster of data at byte 20480"), leak("Bytes 20480 to 24575", LEAKED));
    file.putShort(COUNTS + 5 * 2, (short) 0);
    found(error("The cluster of data at byte 20480"), error("Bytes 20480 to 24575", UNCOUNTED));
    file.putShort(COUNTS + 5 * 2, (short) 1);
    for (int cluster = 0; cluster < 4; cluster++) {
      // Header, table, block, L1: nothing says of them that they are counted once.
      file.putShort(COUNTS + cluster * 2, (short) 0);
      int from = cluster * CLUSTER;
      found(error("Bytes " + from + " to " + (from + CLUSTER - 1), UNCOUNTED));
      file.putShort(COUNTS + cluster * 2, (short) 0xffff);
      found(leak("Bytes " + from + " to " + (from + CLUSTER - 1), LEAKED));
      file.putShort(COUNTS + cluster * 2, (short) 1);
    }
    file.putShort(COUNTS + 24 * 2, (short) 0);
    found(error("The cluster of data at byte 98304"), error("Bytes 98304 to 102399", UNCOUNTED));
  }

  @Test
  void neighboursAreNamedTogether() throws Exception {
    Arrays.fill(file.array(), L2 + 3 * 8, L2 + 7 * 8, (byte) 0);
    Arrays.fill(file.array(), L2 + 9 * 8, L2 + 10 * 8, (byte) 0);
    found(
        leak("Bytes " + (DATA + 3 * CLUSTER) + " to " + (DATA + 7 * CLUSTER - 1), LEAKED),
        leak("Bytes " + (DATA + 9 * CLUSTER) + " to " + (DATA + 10 * CLUSTER - 1), LEAKED));
  }

  @Test
  void whatIsUsedTwice() throws Exception {
    file.putLong(L2, file.getLong(L2 + 8));
    found(
        error("Bytes 24576 to 28671", UNCOUNTED), // the second
        leak("Bytes 20480 to 24575", LEAKED));
    file.putLong(L2, COPIED | DATA);
    // One L2 table for two parts of the disk: its data is walked once all the same.
    file.putLong(L1 + 8, COPIED | L2);
    found(error("Bytes 16384 to 20479", UNCOUNTED));
    file.putLong(L1 + 8, COPIED | CLUSTER);
    assertThat(findings()).extracting(Finding::severity).contains(Severity.ERROR);
  }

  @Test
  void entriesThatAreNotValid() throws Exception {
    file.putLong(L2, COPIED | DATA | 2);
    found(error("An entry of an L2 table is not valid."), leak("Bytes 20480 to 24575", LEAKED));
    file.putLong(L2, COPIED | (DATA + 512));
    found(error("An entry of an L2 table is not valid."), leak("Bytes 20480 to 24575", LEAKED));
    file.putLong(L2, COPIED | DATA);
    for (long entry : new long[] {COPIED | L2 | 2, COPIED | (L2 + 512), L2 | 1L << 62}) {
      file.putLong(L1, entry);
      found(
          error("An entry of the L1 table is not valid."),
          leak("Bytes 16384 to " + (END - 1), LEAKED));
    }
    file.putLong(L1, 0);
    found(leak("Bytes 16384 to " + (END - 1), LEAKED));
  }

  @Test
  void whatLiesBehindTheEnd() throws Exception {
    file.putLong(L2, COPIED | 1L << 40);
    found(
        error("A cluster of data at byte 1099511627776 lies behind the end of the file."),
        error("The cluster of data at byte 1099511627776 is wrongly said"),
        leak("Bytes 20480 to 24575", LEAKED));
    // It may end within its last cluster, but not before it.
    file.putLong(L2, COPIED | DATA);
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), END - CLUSTER + 1));
    found();
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), END - CLUSTER));
    found(error("A cluster of data at byte 98304 lies behind the end of the file."));
    file.putLong(L1, COPIED | 1L << 40);
    found(
        error("An L2 table at byte 1099511627776 lies behind the end of the file."),
        error("The L2 table at byte 1099511627776 is wrongly said"),
        leak("Bytes 16384 to 98303", LEAKED));
  }

  @Test
  void countsThatCanNotBeRead() throws Exception {
    for (long offset : new long[] {0, CLUSTER + 8, -CLUSTER, END}) {
      file.putLong(48, offset);
      found(error("There is no refcount table where the header says."));
    }
    file.putLong(48, TABLE);
    for (int clusters : new int[] {0, 25, 2049, -1}) {
      file.putInt(56, clusters);
      found(error("There is no refcount table where the header says."));
    }
    file.putInt(56, 1);
    for (long offset : new long[] {COUNTS + 8, END, -CLUSTER}) {
      file.putLong(TABLE, offset);
      assertThat(findings().getFirst().what())
          .isEqualTo("A block of reference counts would lie at byte " + offset + ".");
      // Nothing is counted; the block itself is not used.
      assertThat(findings())
          .endsWith(error("Bytes 0 to 8191", UNCOUNTED), error("Bytes 12288 to 102399", UNCOUNTED));
    }
    file.putLong(TABLE, 0);
    assertThat(findings())
        .endsWith(error("Bytes 0 to 8191", UNCOUNTED), error("Bytes 12288 to 102399", UNCOUNTED));
    // A second block, counted and used, in place of the last data.
    file.putLong(TABLE, COUNTS).putLong(TABLE + 8, 24 * CLUSTER).putLong(L2 + 19 * 8, 0);
    found();
    file.putLong(TABLE + 8, COUNTS);
    found(error("Bytes 8192 to 12287", UNCOUNTED), leak("Bytes 98304 to 102399", LEAKED));
  }

  @Test
  void anL1TableThatIsTooLong() throws Exception {
    file.putInt(36, Qcow2Map.MAX_L1_ENTRIES + 1);
    found(
        error("The L1 table is larger than it may be."),
        leak("Bytes 12288 to " + (END - 1), LEAKED));
    // Behind all data, and longer than the file.
    file.putInt(36, 1024).putLong(40, 24 * CLUSTER).putLong(L2 + 19 * 8, 0);
    Arrays.fill(file.array(), 24 * CLUSTER, END, (byte) 0);
    file.putLong(24 * CLUSTER, COPIED | L2);
    found(
        error("The L1 table at byte 98304 lies behind the end of the file."),
        error("The L1 table ends behind the end of the file."),
        leak("Bytes 12288 to 16383", LEAKED));
    file.putInt(36, 512);
    found(leak("Bytes 12288 to 16383", LEAKED));
  }

  @Test
  void whatOthersUseIsNoLeak() throws Exception {
    file.putLong(L2, 0);
    found(leak("Bytes 20480 to 24575", LEAKED));
    file.putInt(60, 1);
    found();
    file.putInt(60, 0).putLong(88, 1);
    found();
    file.putLong(88, 2);
    found(leak("Bytes 20480 to 24575", LEAKED));
    // What is used and not counted is wrong whoever uses it.
    file.putInt(60, 1).putShort(COUNTS, (short) 0);
    found(error("Bytes 0 to 4095", UNCOUNTED));
  }

  @Test
  void nobodyReadsMoreThanFiftyOfAKind() throws Exception {
    file = made(new CreateOptions.Qcow2(CLUSTER, false, false), 4 << 20, 60 * CLUSTER);
    for (int i = 0; i < 50; i++) {
      file.putLong(L2 + i * 8, file.getLong(L2 + i * 8) & ~COPIED);
    }
    assertThat(findings()).hasSize(50);
    for (int i = 50; i < 60; i++) {
      file.putLong(L2 + i * 8, file.getLong(L2 + i * 8) & ~COPIED);
    }
    assertThat(findings()).hasSize(51).last().isEqualTo(error("There is more of this kind."));
  }

  @Test
  void packedClusters() throws Exception {
    file = packed();
    found();
    int l2 = (int) (file.getLong(L1) & L2Entries.OFFSET);
    long first = file.getLong(l2);
    assertThat(first & L2Entries.COMPRESSED).isNotZero();
    // All lie in one cluster, which is counted once for each.
    int cluster = (int) (first & 0xffff_ffff) / CLUSTER;
    assertThat(file.getShort(COUNTS + 2 * cluster)).isEqualTo((short) 8);
    String place = "Bytes " + cluster * CLUSTER + " to " + ((cluster + 1) * CLUSTER - 1);
    file.putLong(l2, 0);
    found(leak(place, LEAKED));
    file.putLong(l2, first | COPIED);
    found(error("An entry of an L2 table is not valid."), leak(place, LEAKED));
    file.putLong(l2, L2Entries.COMPRESSED | 1L << 40);
    found(
        error("A compressed cluster at byte 1099511627776 lies behind the end of the file."),
        leak(place, LEAKED));
    file.putLong(l2, first).putShort(COUNTS + 2 * cluster, (short) 7);
    found(error(place, UNCOUNTED));
  }

  private ByteBuffer packed() throws Exception {
    Path path = folder.resolve("packed");
    byte[] content = new byte[8 * CLUSTER];
    Arrays.fill(content, (byte) 1);
    try (WritableDisk disk =
        Chains.create(path, 1 << 20, new CreateOptions.Qcow2(CLUSTER, false, true))) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    return ByteBuffer.wrap(Files.readAllBytes(path));
  }

  @Test
  void subclusters() throws Exception {
    int cluster = 1 << 14;
    file = made(new CreateOptions.Qcow2(cluster, true, false), 1 << 20, 3 * cluster);
    found();
    int l2 = (int) (file.getLong((int) file.getLong(40)) & L2Entries.OFFSET);
    long data = file.getLong(l2) & L2Entries.OFFSET;
    String place = "Bytes " + data + " to " + (data + cluster - 1);
    assertThat(file.getLong(l2 + 8)).isEqualTo(0xffff_ffffL);
    // Zeros that keep their place, then one that is both.
    file.putLong(l2 + 8, 0xffff_ffff_0000_0000L);
    found();
    file.putLong(l2 + 8, 0x8000_0000_8000_0000L);
    found(error("An entry of an L2 table is not valid."), leak(place, LEAKED));
    file.putLong(l2, 0).putLong(l2 + 8, 1L << 31);
    found(error("An entry of an L2 table is not valid."), leak(place, LEAKED));
    file.putLong(l2, 0).putLong(l2 + 8, 0);
    found(leak(place, LEAKED));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void countsOfAnyWidth(int order) throws Exception {
    int bits = 1 << order;
    file.putInt(96, order);
    Arrays.fill(file.array(), COUNTS, COUNTS + CLUSTER, (byte) 0);
    for (int cluster = 0; cluster < 25; cluster++) {
      count(cluster, bits, 1);
    }
    found();
    count(9, bits, 0);
    found(error("The cluster of data at byte 36864"), error("Bytes 36864 to 40959", UNCOUNTED));
    count(9, bits, 1);
    count(25, bits, 1);
    // Behind the end: not looked at.
    found();
    if (bits > 1) {
      // The first of its bits, which may be taken for a sign.
      count(9, bits, bits == 64 ? Long.MIN_VALUE : 1L << (bits - 1));
      found(error("The cluster of data at byte 36864"), leak("Bytes 36864 to 40959", LEAKED));
    }
  }

  /** Small counts lie in a byte from its lowest bit on. */
  private void count(int cluster, int bits, long value) {
    switch (bits) {
      case 8 -> file.put(COUNTS + cluster, (byte) value);
      case 16 -> file.putShort(COUNTS + 2 * cluster, (short) value);
      case 32 -> file.putInt(COUNTS + 4 * cluster, (int) value);
      case 64 -> file.putLong(COUNTS + 8 * cluster, value);
      default -> {
        int at = COUNTS + cluster * bits / 8;
        int shift = cluster * bits % 8;
        int others = file.get(at) & ~(((1 << bits) - 1) << shift);
        file.put(at, (byte) (others | value << shift));
      }
    }
  }

  @Test
  void theWindowChangesNothing() throws Exception {
    file.putLong(L2 + 8, 0).putLong(L2 + 12 * 8, 3).putShort(COUNTS + 7 * 2, (short) 0);
    List<Finding> whole = findings();
    assertThat(whole).hasSize(5);
    for (int window : new int[] {1, 2, 7, 24, 25, 26}) {
      assertThat(findings(window)).as("window %d", window).isEqualTo(whole);
    }
  }

  private List<Finding> findings() throws IOException {
    return findings(1 << 20);
  }

  private List<Finding> findings(int window) throws IOException {
    Path path = Files.write(folder.resolve("a.qcow2"), file.array());
    try (ImageFile open = ImageFile.open(path)) {
      return Qcow2Examination.of(open, Qcow2HeaderReader.read(open), window);
    }
  }

  /** Expects these findings, of each of which the beginning is given, and no others. */
  private void found(Finding... expected) throws IOException {
    List<Finding> found = findings();
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found.get(i).severity()).as("%s", found).isEqualTo(expected[i].severity());
      assertThat(found.get(i).what()).startsWith(expected[i].what());
    }
  }

  private static Finding error(String what) {
    return new Finding(Severity.ERROR, what);
  }

  private static Finding error(String place, String what) {
    return error(place + " of the file are " + what);
  }

  private static Finding leak(String place, String what) {
    return new Finding(Severity.LEAK, place + " of the file are " + what);
  }
}
