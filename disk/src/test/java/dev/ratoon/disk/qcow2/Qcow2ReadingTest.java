package dev.ratoon.disk.qcow2;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Entries of tables, put into a file by hand, are read as docs/formats/qcow2.md says. */
class Qcow2ReadingTest {
  private static final int CLUSTER = 4096;
  private static final int L1 = 3 * CLUSTER;
  private static final int L2 = 4 * CLUSTER;
  private static final int DATA = 5 * CLUSTER;
  private static final int CLUSTERS = 20;

  private static final int SUBCLUSTER = 512;

  /** Where an entry says how many sectors follow, with clusters of 4 KiB. */
  private static final int SECTORS_AT = 58;

  @TempDir(factory = InMemory.class)
  Path folder;

  private byte[] content = new byte[0];
  private ByteBuffer file = ByteBuffer.allocate(0);

  /** A sound file, with room behind it. */
  @BeforeEach
  void make() throws Exception {
    content = new byte[CLUSTERS * CLUSTER];
    new Random(1).nextBytes(content);
    Path path = folder.resolve("made");
    try (WritableDisk disk =
        Chains.create(path, content.length, new CreateOptions.Qcow2(CLUSTER, false, false))) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    file = ByteBuffer.wrap(Arrays.copyOf(Files.readAllBytes(path), 60 * CLUSTER));
    assertThat(file.getLong(L1) & L2Entries.OFFSET).isEqualTo(L2);
    assertThat(file.getLong(L2) & L2Entries.OFFSET).isEqualTo(DATA);
  }

  @Test
  void zlibClustersLieAtAnyByte() throws Exception {
    int at = 30 * CLUSTER + 300;
    for (int cluster = 0; cluster < 8; cluster++) {
      // Some noise, so that they take from one sector to more than a cluster.
      Arrays.fill(content, cluster * CLUSTER + cluster * 500, (cluster + 1) * CLUSTER, (byte) 7);
      at = pack(cluster, at, deflate(cluster * CLUSTER, CLUSTER));
    }
    try (VirtualDisk disk = open()) {
      assertHolds(disk, content);
    }
    // The last one may end within its last sector, with the file.
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), at));
    try (VirtualDisk disk = open()) {
      assertHolds(disk, content);
    }
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), at - 9));
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
  }

  /** Puts a packed cluster somewhere. Returns where it ends. */
  private int pack(int cluster, int at, byte[] packed) {
    file.put(at, packed);
    int end = at + packed.length;
    long sectors = (end - 1) / 512L - at / 512L;
    file.putLong(L2 + 8 * cluster, L2Entries.COMPRESSED | sectors << SECTORS_AT | at);
    return end;
  }

  private byte[] deflate(int from, int bytes) {
    Deflater deflater = new Deflater(6, true);
    deflater.setInput(content, from, bytes);
    deflater.finish();
    byte[] packed = new byte[bytes + 100];
    int length = deflater.deflate(packed);
    deflater.end();
    return Arrays.copyOf(packed, length);
  }

  @Test
  void whatDoesNotGiveAClusterIsRefused() throws Exception {
    Arrays.fill(content, 0, CLUSTER, (byte) 7);
    byte[] packed = deflate(0, CLUSTER);
    pack(0, 30 * CLUSTER, packed);
    readAll();
    pack(0, 30 * CLUSTER, deflate(0, CLUSTER - 1));
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    pack(0, 30 * CLUSTER, new byte[] {(byte) 0xff, (byte) 0xff});
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    pack(0, 30 * CLUSTER, new byte[] {3, 0});
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    // Behind the end of the file, at it, and just before.
    file.putLong(L2, L2Entries.COMPRESSED | 1L << 40);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, this::readAll);
    file.putLong(L2, L2Entries.COMPRESSED | 60 * CLUSTER);
    assertRefused(ErrorCode.IMAGE_TRUNCATED, this::readAll);
    file.putLong(L2, L2Entries.COMPRESSED | (60 * CLUSTER - 1));
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
  }

  @Test
  void zerosAreMarkedInVersion3Alone() throws Exception {
    file.putLong(L2 + 8, 1).putLong(L2 + 16, file.getLong(L2 + 16) | 1).putLong(L2 + 24, 0);
    Arrays.fill(content, CLUSTER, 4 * CLUSTER, (byte) 0);
    try (VirtualDisk disk = open()) {
      assertHolds(disk, content);
      assertThat(disk.extentAt(0)).isEqualTo(new Extent(0, CLUSTER, Kind.DATA));
      assertThat(disk.extentAt(CLUSTER)).isEqualTo(new Extent(CLUSTER, 2 * CLUSTER, Kind.ZERO));
      assertThat(disk.extentAt(CLUSTER + 9, CLUSTER + 10).length()).isEqualTo(1);
      assertThat(disk.extentAt(3 * CLUSTER)).isEqualTo(new Extent(3 * CLUSTER, CLUSTER, Kind.HOLE));
    }
    file.putInt(4, 2);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    file.putLong(L2 + 8, 0).putLong(L2 + 16, 0);
    try (VirtualDisk disk = open()) {
      assertHolds(disk, content);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 4, 256, 1L << 56, 1L << 61, 512, 2048})
  void reservedBitsAreNotSet(long bits) throws Exception {
    file.putLong(L2 + 8, file.getLong(L2 + 8) | bits);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
  }

  @Test
  void clustersLieInAnyOrder() throws Exception {
    for (int cluster = 0; cluster < CLUSTERS; cluster++) {
      int at = (30 + cluster * 7 % CLUSTERS) * CLUSTER;
      file.put(at, content, cluster * CLUSTER, CLUSTER);
      file.putLong(L2 + 8 * cluster, at);
    }
    try (VirtualDisk disk = open()) {
      assertHolds(disk, content);
    }
  }

  @ParameterizedTest
  @CsvSource({
    // The cluster of the last data; what is kept of it; whether that is enough.
    "59, 4096, true",
    "59, 4095, false",
    "59, 0, false",
    "58, 4096, true"
  })
  void dataEndsWithinTheFile(int cluster, int kept, boolean enough) throws Exception {
    file.putLong(L2 + 8 * 19, (long) cluster * CLUSTER);
    Arrays.fill(content, 19 * CLUSTER, 20 * CLUSTER, (byte) 0);
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), cluster * CLUSTER + kept));
    if (enough) {
      try (VirtualDisk disk = open()) {
        assertHolds(disk, content);
      }
    } else {
      assertRefused(ErrorCode.IMAGE_TRUNCATED, this::readAll);
    }
  }

  @Test
  void anL2TableEndsWithinTheFile() throws Exception {
    file.put(59 * CLUSTER, file.array(), L2, CLUSTER).putLong(L1, 59 * CLUSTER);
    readAll();
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), 60 * CLUSTER - 1));
    assertRefused(ErrorCode.IMAGE_TRUNCATED, this::readAll);
  }

  @Test
  void theL1TableMayEndWithTheFile() throws Exception {
    file.putLong(59 * CLUSTER, file.getLong(L1)).putLong(40, 59 * CLUSTER);
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), 59 * CLUSTER + 8));
    readAll();
    file = ByteBuffer.wrap(Arrays.copyOf(file.array(), 59 * CLUSTER + 7));
    assertRefused(ErrorCode.IMAGE_TRUNCATED, this::readAll);
  }

  @Test
  void subclustersAreAllocatedOneByOne() throws Exception {
    int cluster = 32 * SUBCLUSTER;
    int unit = SUBCLUSTER;
    byte[] whole = Contents.mixed(3, 8 * cluster);
    new Random(2).nextBytes(whole);
    Path path = folder.resolve("extended");
    try (WritableDisk disk =
        Chains.create(path, whole.length, new CreateOptions.Qcow2(cluster, true, false))) {
      disk.write(0, ByteBuffer.wrap(whole));
    }
    file = ByteBuffer.wrap(Files.readAllBytes(path));
    int l2 = (int) (file.getLong((int) file.getLong(40)) & L2Entries.OFFSET);
    // Of the first cluster: 0 and 1 stored, 2 zero, 3 nothing, 4 to 30 stored, 31 zero.
    file.putLong(l2 + 8, 0x8000_0004_7fff_fff3L);
    Arrays.fill(whole, 2 * unit, 4 * unit, (byte) 0);
    Arrays.fill(whole, 31 * unit, 32 * unit, (byte) 0);
    try (VirtualDisk disk = open()) {
      assertHolds(disk, whole);
      assertThat(disk.extentAt(0)).isEqualTo(units(0, 2, Kind.DATA));
      assertThat(disk.extentAt(2 * SUBCLUSTER)).isEqualTo(units(2, 3, Kind.ZERO));
      assertThat(disk.extentAt(3 * SUBCLUSTER)).isEqualTo(units(3, 4, Kind.HOLE));
      assertThat(disk.extentAt(4 * SUBCLUSTER)).isEqualTo(units(4, 31, Kind.DATA));
      assertThat(disk.extentAt(31 * SUBCLUSTER)).isEqualTo(units(31, 32, Kind.ZERO));
    }
    // Stored and zero at once; stored, but nowhere.
    file.putLong(l2 + 8, 0x8000_0000_ffff_ffffL);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    file.putLong(l2, 0).putLong(l2 + 8, 1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    file.putLong(l2, 1).putLong(l2 + 8, 0);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
    file.putLong(l2, L2Entries.COMPRESSED | 4096).putLong(l2 + 8, 1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, this::readAll);
  }

  private static Extent units(int from, int to, Kind kind) {
    return new Extent((long) from * SUBCLUSTER, (to - from) * (long) SUBCLUSTER, kind);
  }

  private VirtualDisk open() throws IOException {
    Path path = Files.write(folder.resolve("a.qcow2"), file.array());
    return VirtualDisks.open(path, OpenRules.foreign());
  }

  private void readAll() throws IOException {
    try (VirtualDisk disk = open()) {
      Contents.read(disk);
    }
  }
}
