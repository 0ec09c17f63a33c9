package dev.ratoon.disk.raw;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.WritableLayer.Below;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A raw disk is its file: of a disk's length, with the file's holes, and without a parent. */
class RawLayerTest {
  private static final int BLOCK = 1 << 16;

  @TempDir(factory = InMemory.class)
  Path folder;

  @Test
  void aFileHasTheLengthOfADisk() throws Exception {
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(new byte[0]));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(new byte[511]));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(new byte[513]));
    try (RawLayer disk = open(new byte[512])) {
      assertThat(disk.size()).isEqualTo(512);
      assertThat(disk.format()).isEqualTo(DiskFormat.RAW);
      assertThat(disk.variant()).isNotEmpty();
      assertThat(disk.stamp()).isNotEmpty();
      assertThat(disk.nativeId()).isEmpty();
      assertThat(disk.parent()).isEmpty();
      assertThat(disk.file()).isEqualTo(folder.resolve("a.raw"));
      assertThat(disk.grainBytes()).isEqualTo(1 << 14);
    }
  }

  @Test
  void theLargestDiskHas64TiB() throws Exception {
    Path path = folder.resolve("huge.raw");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength((64L << 40) + 512);
    } catch (IOException e) {
      Assumptions.abort("no file system for it here");
    }
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(path));
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(64L << 40);
    }
    try (RawLayer disk = open(path)) {
      assertThat(disk.extentAt(0, disk.size())).isEqualTo(new Extent(0, 64L << 40, Kind.HOLE));
    }
  }

  @Test
  void itsHolesAreThoseOfItsFile() throws Exception {
    Path path = sparse();
    try (RawLayer disk = open(path)) {
      assertThat(disk.extentAt(0, 8 * BLOCK)).isEqualTo(new Extent(0, 2 * BLOCK, Kind.HOLE));
      assertThat(disk.extentAt(BLOCK, BLOCK + 9)).isEqualTo(new Extent(BLOCK, 9, Kind.HOLE));
      assertThat(disk.extentAt(2 * BLOCK, 8 * BLOCK))
          .isEqualTo(new Extent(2 * BLOCK, BLOCK, Kind.DATA));
      assertThat(disk.extentAt(2 * BLOCK + 7, 2 * BLOCK + 8))
          .isEqualTo(new Extent(2 * BLOCK + 7, 1, Kind.DATA));
      assertThat(disk.extentAt(3 * BLOCK, 8 * BLOCK))
          .isEqualTo(new Extent(3 * BLOCK, 5 * BLOCK, Kind.HOLE));
      ByteBuffer read = ByteBuffer.allocate(4);
      disk.read(2 * BLOCK - 2, read);
      assertThat(read.array()).containsExactly(0, 0, 1, 1);
    }
  }

  @Test
  void whatIsKnownToBeDataHidesNothingThatIsWrittenLater() throws Exception {
    Path path = sparse();
    try (RawLayer disk = RawLayer.of(ImageFile.openWritable(path))) {
      Extent data = new Extent(2 * BLOCK, BLOCK, Kind.DATA);
      assertThat(disk.extentAt(2 * BLOCK, 8 * BLOCK)).isEqualTo(data);
      assertThat(disk.extentAt(2 * BLOCK, 8 * BLOCK)).isEqualTo(data);
      disk.write(3 * BLOCK, ByteBuffer.wrap(new byte[BLOCK]), Below.NOTHING);
      assertThat(disk.extentAt(3 * BLOCK, 8 * BLOCK))
          .isEqualTo(new Extent(3 * BLOCK, BLOCK, Kind.DATA));
      assertThat(disk.extentAt(4 * BLOCK, 8 * BLOCK).kind()).isEqualTo(Kind.HOLE);
      assertThat(disk.extentAt(0, 8 * BLOCK)).isEqualTo(new Extent(0, 2 * BLOCK, Kind.HOLE));
    }
  }

  @Test
  void zerosAreWrittenOnlyOverData() throws Exception {
    Path path = sparse();
    List<Long> written = new ArrayList<>();
    ImageFile file = ImageFile.openWritable(path).observedBy(noting(written));
    try (RawLayer disk = RawLayer.of(file)) {
      disk.zero(0, 2 * BLOCK, Below.NOTHING);
      assertThat(written).isEmpty();
      disk.zero(BLOCK, 2 * BLOCK - 3, Below.NOTHING);
      assertThat(written).containsExactly(2L * BLOCK, BLOCK - 3L);
      disk.write(8 * BLOCK - 1, ByteBuffer.wrap(new byte[] {9}), Below.NOTHING);
      disk.flush();
      assertThat(written).endsWith(8L * BLOCK - 1, 1L, -1L);
    }
    byte[] expected = new byte[8 * BLOCK];
    Arrays.fill(expected, 3 * BLOCK - 3, 3 * BLOCK, (byte) 1);
    expected[8 * BLOCK - 1] = 9;
    assertThat(path).hasBinaryContent(expected);
  }

  /** Notes where and how much is written, and -1 for a barrier. */
  private static ImageFile.Observer noting(List<Long> written) {
    return new ImageFile.Observer() {
      @Override
      public void wrote(long offset, ByteBuffer bytes) {
        written.add(offset);
        written.add((long) bytes.remaining());
      }

      @Override
      public void resized(long length) {}

      @Override
      public void forced() {
        written.add(-1L);
      }
    };
  }

  @Test
  void itHasNoParentAndGetsNone() throws Exception {
    try (RawLayer disk = open(new byte[512])) {
      Backing parent = new Backing(Path.of("/a.raw"), DiskFormat.RAW);
      assertRefused(ErrorCode.INVALID_VALUE, () -> disk.relink(parent));
    }
  }

  @Test
  void aNewDiskIsAHole() {
    Path path = folder.resolve("new.raw");
    try (RawLayer disk = RawLayer.create(ImageFile.create(path), 8 * BLOCK)) {
      assertThat(disk.size()).isEqualTo(8 * BLOCK);
      assertThat(disk.extentAt(0, 4 * BLOCK)).isEqualTo(new Extent(0, 4 * BLOCK, Kind.HOLE));
    }
    assertThat(path).hasBinaryContent(new byte[8 * BLOCK]);
    ImageFile.openWritable(path).close();
  }

  @Test
  void theBeginningOfAFileIsADiskToo() throws Exception {
    Path path = Files.write(folder.resolve("a.vhd"), new byte[1024]);
    try (RawLayer disk = RawLayer.beginning(ImageFile.open(path), 512)) {
      assertThat(disk.size()).isEqualTo(512);
    }
  }

  /** Of eight blocks the third is stored. */
  private Path sparse() throws IOException {
    Path path = folder.resolve("sparse.raw");
    byte[] ones = new byte[BLOCK];
    Arrays.fill(ones, (byte) 1);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(2 * BLOCK);
      file.write(ones);
      file.setLength(8 * BLOCK);
    }
    return path;
  }

  private RawLayer open(byte[] content) throws IOException {
    return open(Files.write(folder.resolve("a.raw"), content));
  }

  private static RawLayer open(Path path) {
    ImageFile file = ImageFile.open(path);
    try {
      return RawLayer.of(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }
}
