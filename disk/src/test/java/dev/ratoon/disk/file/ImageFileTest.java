package dev.ratoon.disk.file;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.InMemory;
import dev.ratoon.model.ErrorCode;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A file is read and written where it was asked for, grows, is cut, and knows its holes. */
class ImageFileTest {
  private static final int BLOCK = 1 << 16;

  @TempDir(factory = InMemory.class)
  Path folder;

  @Test
  void whatIsThereIsRead() throws Exception {
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    try (ImageFile file = ImageFile.open(path)) {
      assertThat(file.length()).isEqualTo(3000);
      assertThat(file.bytes(0, 3000).array()).isEqualTo(numbers(3000));
      assertThat(file.bytes(2999, 1)).isEqualTo(ByteBuffer.wrap(numbers(3000), 2999, 1));
      assertThat(file.bytes(3000, 0).remaining()).isZero();
      ByteBuffer middle = ByteBuffer.allocate(10).position(4).limit(7);
      file.read(1000, middle);
      assertThat(Arrays.copyOfRange(middle.array(), 3, 8))
          .containsExactly(0, numbers(3000)[1000], numbers(3000)[1001], numbers(3000)[1002], 0);
    }
  }

  @ParameterizedTest
  @CsvSource({"-1, 1", "2999, 2", "3000, 1", "0, 3001", "9223372036854775807, 1"})
  void whatIsNotThereIsMissing(long offset, int bytes) throws Exception {
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    try (ImageFile file = ImageFile.open(path)) {
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> file.bytes(offset, bytes));
    }
  }

  @Test
  void aFileThatBecomesShorterIsNoticed() throws Exception {
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    try (ImageFile file = ImageFile.open(path)) {
      try (RandomAccessFile other = new RandomAccessFile(path.toFile(), "rw")) {
        other.setLength(1000);
      }
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> file.bytes(0, 3000));
    }
  }

  @Test
  void aPartIsAFileOfItsOwn() throws Exception {
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    ImageFile file = ImageFile.open(path);
    try (ImageFile part = file.part(1000, 500)) {
      assertThat(part.length()).isEqualTo(500);
      assertThat(part.bytes(0, 500).array())
          .isEqualTo(Arrays.copyOfRange(numbers(3000), 1000, 1500));
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> part.bytes(500, 1));
      assertThat(part.part(499, 1).bytes(0, 1).get()).isEqualTo(numbers(3000)[1499]);
      assertThat(part.part(500, 0).length()).isZero();
      assertThat(part.part(0, 500).bytes(0, 1)).isEqualTo(part.bytes(0, 1));
    }
    assertRefused(ErrorCode.FILE_UNREADABLE, () -> file.bytes(0, 1));
  }

  @ParameterizedTest
  @CsvSource({"-1, 10", "0, -1", "0, 3001", "3000, 1", "9223372036854775807, 1"})
  void aPartLiesInside(long offset, long bytes) throws Exception {
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    try (ImageFile file = ImageFile.open(path)) {
      assertThatThrownBy(() -> file.part(offset, bytes))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void writingMakesAFileLongerWhereItMust() {
    Path path = folder.resolve("file");
    try (ImageFile file = ImageFile.create(path)) {
      assertThat(file.length()).isZero();
      file.write(1000, ByteBuffer.wrap(numbers(500)));
      assertThat(file.length()).isEqualTo(1500);
      file.write(10, ByteBuffer.wrap(numbers(20)));
      assertThat(file.length()).isEqualTo(1500);
      byte[] expected = new byte[1500];
      System.arraycopy(numbers(500), 0, expected, 1000, 500);
      System.arraycopy(numbers(20), 0, expected, 10, 20);
      assertThat(path).hasBinaryContent(expected);
    }
  }

  @Test
  void aLengthIsSetWithoutTouchingWhatStays() {
    Path path = folder.resolve("file");
    try (ImageFile file = ImageFile.create(path)) {
      file.write(0, ByteBuffer.wrap(numbers(500)));
      file.setLength(500);
      assertThat(path).hasBinaryContent(numbers(500));
      file.setLength(300);
      assertThat(file.length()).isEqualTo(300);
      assertThat(path).hasBinaryContent(Arrays.copyOf(numbers(500), 300));
      file.setLength(301);
      assertThat(path).hasBinaryContent(Arrays.copyOf(Arrays.copyOf(numbers(500), 300), 301));
      file.setLength(700);
      assertThat(file.length()).isEqualTo(700);
      assertThat(path).hasBinaryContent(Arrays.copyOf(Arrays.copyOf(numbers(500), 300), 700));
    }
  }

  @Test
  void onlyItsOwnerReadsANewFile() throws Exception {
    Path path = folder.resolve("file");
    ImageFile.create(path).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
  }

  @Test
  void whatIsNotCompletedIsRemoved() {
    Path path = folder.resolve("file");
    ImageFile file = ImageFile.create(path);
    file.discard();
    assertThat(path).doesNotExist();
    file.discard();
    ImageFile.create(path).close();
  }

  @Test
  void nothingIsLeftOpen() throws Exception {
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    ImageFile reader = ImageFile.open(path);
    ImageFile writer = ImageFile.openWritable(path);
    assertThat(open(path)).isEqualTo(4);
    assertRefused(ErrorCode.IN_USE, () -> ImageFile.openWritable(path));
    assertThat(StoredBytes.of(path)).isPositive();
    ImmutableFlag.isSet(path);
    ImmutableFlag.clear(path);
    assertThat(open(path)).isEqualTo(4);
    reader.close();
    writer.close();
    assertThat(open(path)).isZero();
    Path made = folder.resolve("made");
    ImageFile created = ImageFile.create(made);
    assertThat(open(made)).isEqualTo(2);
    created.discard();
    assertThat(open(Path.of(made + " (deleted)"))).isZero();
  }

  /** How many descriptors this process has of a file. */
  private static long open(Path file) throws Exception {
    long count = 0;
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        try {
          count += Files.readSymbolicLink(descriptor).equals(file) ? 1 : 0;
        } catch (NoSuchFileException gone) {
          // The one with which the folder was listed, or another of this process.
        }
      }
    }
    return count;
  }

  @Test
  void whatCanNotBeOpenedIsRefusedInWords() {
    Path missing = folder.resolve("missing");
    assertRefused(ErrorCode.FILE_UNREADABLE, () -> ImageFile.open(missing));
    assertThatThrownBy(() -> ImageFile.open(missing)).hasMessageContaining("no such file");
    assertRefused(ErrorCode.FILE_UNWRITABLE, () -> ImageFile.openWritable(missing));
    assertThat(missing).doesNotExist();
    assertRefused(ErrorCode.FILE_UNWRITABLE, () -> ImageFile.create(missing.resolve("file")));
    for (Path special : List.of(folder, Path.of("/dev/null"))) {
      assertRefused(ErrorCode.NOT_AN_IMAGE, () -> ImageFile.open(special));
      assertRefused(ErrorCode.NOT_AN_IMAGE, () -> ImageFile.openWritable(special));
    }
  }

  @Test
  void aClosedFileRefusesEverything() throws Exception {
    ImageFile file = ImageFile.openWritable(Files.write(folder.resolve("file"), numbers(3000)));
    file.close();
    file.close();
    assertRefused(ErrorCode.FILE_UNREADABLE, () -> file.bytes(0, 1));
    assertRefused(ErrorCode.FILE_UNWRITABLE, () -> file.write(0, ByteBuffer.allocate(1)));
    assertRefused(ErrorCode.FILE_UNWRITABLE, () -> file.setLength(1));
    assertRefused(ErrorCode.FILE_UNWRITABLE, file::force);
    // Of holes it knows nothing any more: all of it may be data.
    assertThat(file.nextData(5)).isEqualTo(5);
    assertThat(file.nextHole(5)).isEqualTo(3000);
  }

  @Test
  void whoWatchesHearsOfEverythingInOrder() throws Exception {
    List<String> heard = new ArrayList<>();
    Path path = Files.write(folder.resolve("file"), numbers(3000));
    try (ImageFile file = ImageFile.openWritable(path).observedBy(noting(heard))) {
      assertThat(file.length()).isEqualTo(3000);
      file.write(7, ByteBuffer.wrap(numbers(100), 20, 3));
      file.force();
      file.setLength(50);
    }
    assertThat(heard).containsExactly("7 [20, 21, 22]", "forced", "50");
    assertThat(Arrays.copyOfRange(Files.readAllBytes(path), 7, 10)).containsExactly(20, 21, 22);
  }

  private static ImageFile.Observer noting(List<String> heard) {
    return new ImageFile.Observer() {
      @Override
      public void wrote(long offset, ByteBuffer bytes) {
        byte[] written = new byte[bytes.remaining()];
        bytes.get(written);
        heard.add(offset + " " + Arrays.toString(written));
      }

      @Override
      public void resized(long length) {
        heard.add(Long.toString(length));
      }

      @Override
      public void forced() {
        heard.add("forced");
      }
    };
  }

  @Test
  void holesAreWhereNothingWasWritten() throws Exception {
    Path path = folder.resolve("file");
    try (ImageFile file = ImageFile.create(path)) {
      file.write(2 * BLOCK, ByteBuffer.wrap(numbers(BLOCK)));
      file.write(5 * BLOCK, ByteBuffer.wrap(numbers(BLOCK)));
      file.setLength(8 * BLOCK);
      // The last byte of a file that was made longer is stored.
      long tail = file.nextData(6 * BLOCK);
      assertThat(tail).isBetween(7L * BLOCK, 8L * BLOCK - 1);
      assertThat(file.nextData(0)).isEqualTo(2 * BLOCK);
      assertThat(file.nextData(2 * BLOCK + 9)).isEqualTo(2 * BLOCK + 9);
      assertThat(file.nextData(3 * BLOCK)).isEqualTo(5 * BLOCK);
      assertThat(file.nextHole(9)).isEqualTo(9);
      assertThat(file.nextHole(2 * BLOCK)).isEqualTo(3 * BLOCK);
      assertThat(file.nextHole(5 * BLOCK)).isEqualTo(6 * BLOCK);
      assertThat(file.nextHole(tail)).isEqualTo(8 * BLOCK);
      assertThat(StoredBytes.of(path)).isEqualTo(2L * BLOCK + 8 * BLOCK - tail);
    }
    assertThat(StoredBytes.of(folder.resolve("missing"))).isZero();
  }

  @Test
  void aPartKnowsItsOwnHoles() throws Exception {
    Path path = folder.resolve("file");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.seek(4 * BLOCK);
      file.write(numbers(2 * BLOCK));
      file.setLength(20 * BLOCK);
    }
    try (ImageFile whole = ImageFile.open(path)) {
      assertThat(whole.nextData(6 * BLOCK)).isEqualTo(20 * BLOCK);
      ImageFile part = whole.part(BLOCK, 9 * BLOCK);
      assertThat(part.nextData(0)).isEqualTo(3 * BLOCK);
      assertThat(part.nextHole(3 * BLOCK)).isEqualTo(5 * BLOCK);
      assertThat(part.nextData(5 * BLOCK)).isEqualTo(9 * BLOCK);
      ImageFile cut = whole.part(BLOCK, 4 * BLOCK);
      assertThat(cut.nextHole(3 * BLOCK)).isEqualTo(4 * BLOCK);
      ImageFile before = whole.part(BLOCK, 2 * BLOCK);
      assertThat(before.nextData(0)).isEqualTo(2 * BLOCK);
    }
    assertThat(StoredBytes.of(path)).isEqualTo(2 * BLOCK);
  }

  /** Bytes that differ from their neighbours. */
  private static byte[] numbers(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (i % 251);
    }
    return bytes;
  }
}
