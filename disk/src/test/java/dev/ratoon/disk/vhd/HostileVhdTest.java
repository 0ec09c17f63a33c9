package dev.ratoon.disk.vhd;

import static dev.ratoon.disk.DiskAssert.assertRefused;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a stranger may send in place of a VHD is refused, in words and at once. */
class HostileVhdTest {
  private static final int HEADER = 512;
  private static final int TABLE = 1536;

  @TempDir Path folder;

  private byte[] sound;

  @BeforeEach
  void make() throws Exception {
    Path file = folder.resolve("sound.vhd");
    byte[] content = Contents.mixed(1, 2 << 20);
    try (WritableDisk disk =
        Chains.create(
            file, content.length, new Vhd(Allocation.DYNAMIC, 1 << 19, Vhd.Sizing.EXACT))) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    sound = Files.readAllBytes(file);
    Files.delete(file);
  }

  @Test
  void damagedHeaders() throws Exception {
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.put(HEADER, (byte) 0));
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.put(HEADER + 700, (byte) 1));
    refused(
        ErrorCode.IMAGE_CORRUPT,
        file -> {
          file.put(100, (byte) 1);
          file.put(file.capacity() - 400, (byte) 1);
        });
    refused(ErrorCode.IMAGE_UNSUPPORTED, header(24, 0x0002_0000));
    refused(ErrorCode.IMAGE_UNSUPPORTED, footer(file -> file.putInt(12, 0x0002_0000)));
    refused(ErrorCode.IMAGE_UNSUPPORTED, footer(file -> file.putInt(60, 5)));
  }

  @Test
  void impossibleSizes() throws Exception {
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(48, 0)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(48, -512)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(48, 513)));
    refused(ErrorCode.IMAGE_UNSUPPORTED, footer(file -> file.putLong(48, (64L << 40) + 512)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(48, 64L << 40)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(48, 3 << 20)));
    refused(ErrorCode.IMAGE_UNSUPPORTED, header(32, 0));
    refused(ErrorCode.IMAGE_UNSUPPORTED, header(32, 1 << 18));
    refused(ErrorCode.IMAGE_UNSUPPORTED, header(32, 3 << 20));
    refused(ErrorCode.IMAGE_UNSUPPORTED, header(32, 1 << 31));
    refused(ErrorCode.IMAGE_CORRUPT, header(28, 3));
  }

  @Test
  void tablesAndBlocksOutsideOfTheFile() throws Exception {
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(16, 0)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(16, Long.MIN_VALUE)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(16, sound.length - 1000)));
    refused(ErrorCode.IMAGE_CORRUPT, longHeader(16, 0));
    refused(ErrorCode.IMAGE_CORRUPT, longHeader(16, -1));
    refused(ErrorCode.IMAGE_TRUNCATED, longHeader(16, sound.length));
    refused(ErrorCode.IMAGE_TRUNCATED, longHeader(16, Long.MAX_VALUE));
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.putInt(TABLE, 1));
    refused(ErrorCode.IMAGE_TRUNCATED, file -> file.putInt(TABLE, sound.length / 512));
    refused(ErrorCode.IMAGE_TRUNCATED, file -> file.putInt(TABLE, -2));
  }

  @Test
  void blocksThatOverlap() throws Exception {
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.putInt(TABLE, file.getInt(TABLE + 4)));
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.putInt(TABLE, file.getInt(TABLE + 4) + 1));
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.putInt(TABLE, 3));
  }

  @Test
  void blocksMayTouchEachOtherAndTheTable() throws Exception {
    // One sector of bits, 1024 of data.
    accepted(file -> file.putInt(TABLE, file.getInt(TABLE + 4) - 1025));
    refused(ErrorCode.IMAGE_CORRUPT, file -> file.putInt(TABLE, file.getInt(TABLE + 4) - 1024));
    accepted(file -> file.putInt(TABLE, 4));
    // The last one may end with the file, without a footer.
    int last = (sound.length - 512) / 512 - 1024;
    accepted(file -> file.putInt(TABLE + 12, last));
    refused(ErrorCode.IMAGE_TRUNCATED, file -> file.putInt(TABLE + 12, last + 1));
  }

  @Test
  void theLimitsThemselvesAreWithinThem() throws Exception {
    accepted(header(24, 0x0001_ffff));
    accepted(footer(file -> file.putInt(12, 0x0001_ffff)));
    accepted(header(28, -1));
    refused(ErrorCode.IMAGE_TRUNCATED, header(32, 1 << 28));
    refused(ErrorCode.IMAGE_UNSUPPORTED, header(32, 1 << 29));
    accepted(footer(file -> file.putLong(16, 512)));
    refused(ErrorCode.IMAGE_CORRUPT, footer(file -> file.putLong(16, 511)));
    refused(ErrorCode.IMAGE_CORRUPT, longHeader(16, 511));
    accepted(file -> {
      // The table at the very end: its bytes are those of a footer that is not one.
      file.putLong(sound.length - 16, -1).putLong(sound.length - 8, -1);
      longHeader(16, sound.length - 16).accept(file);
    });
  }

  private void accepted(Consumer<ByteBuffer> change) throws IOException {
    byte[] altered = sound.clone();
    change.accept(ByteBuffer.wrap(altered));
    Path file = Files.write(folder.resolve("altered.vhd"), altered);
    VirtualDisks.open(file, DiskFormat.VHD, OpenRules.foreign()).close();
  }

  @Test
  void parentsAreNotFollowed() throws Exception {
    Path root = Files.write(folder.resolve("root.vhd"), sound);
    Path child = folder.resolve("child.vhd");
    Chains.child(child, root, Vhd.STANDARD).close();
    assertRefused(
        ErrorCode.IMAGE_REFERS_OUTSIDE, () -> VirtualDisks.open(child, OpenRules.foreign()));
  }

  @Test
  void aChildThatIsItsOwnParent() throws Exception {
    Path root = Files.write(folder.resolve("root.vhd"), sound);
    Path child = folder.resolve("child.vhd");
    Chains.child(child, root, Vhd.STANDARD).close();
    Files.delete(root);
    Files.createSymbolicLink(root, child);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> Chains.open(child));
  }

  @Test
  void absurdLocators() throws Exception {
    Path root = Files.write(folder.resolve("root.vhd"), sound);
    Path child = folder.resolve("child.vhd");
    Chains.child(child, root, Vhd.STANDARD).close();
    byte[] made = Files.readAllBytes(child);
    for (int length : new int[] {-1, 4097, Integer.MAX_VALUE}) {
      refused(made, ErrorCode.IMAGE_CORRUPT, header(576 + 8, length));
    }
    refused(made, ErrorCode.IMAGE_TRUNCATED, longHeader(576 + 16, made.length));
    refused(made, ErrorCode.IMAGE_TRUNCATED, longHeader(576 + 16, -1));
  }

  @Test
  void aFixedDiskWithoutAllOfItsBytes() throws Exception {
    Path file = folder.resolve("fixed.vhd");
    Chains.create(file, 1 << 20, new Vhd(Allocation.FIXED, 1 << 21, Vhd.Sizing.EXACT)).close();
    byte[] made = Files.readAllBytes(file);
    refused(Arrays.copyOfRange(made, 512, made.length), ErrorCode.IMAGE_TRUNCATED, unchanged -> {});
  }

  private static Consumer<ByteBuffer> header(int field, int value) {
    return file -> {
      file.putInt(HEADER + field, value);
      seal(file, HEADER, 1024, 36);
    };
  }

  private static Consumer<ByteBuffer> longHeader(int field, long value) {
    return file -> {
      file.putLong(HEADER + field, value);
      seal(file, HEADER, 1024, 36);
    };
  }

  private static Consumer<ByteBuffer> footer(Consumer<ByteBuffer> change) {
    return file -> {
      int at = file.capacity() - 512;
      change.accept(file.slice(at, 512));
      seal(file, at, 512, 64);
    };
  }

  private static void seal(ByteBuffer file, int at, int bytes, int checksumAt) {
    ByteBuffer structure = file.slice(at, bytes);
    structure.putInt(checksumAt, Checksum.of(structure, checksumAt));
  }

  private void refused(ErrorCode code, Consumer<ByteBuffer> change) throws IOException {
    refused(sound, code, change);
  }

  private void refused(byte[] from, ErrorCode code, Consumer<ByteBuffer> change)
      throws IOException {
    byte[] altered = from.clone();
    change.accept(ByteBuffer.wrap(altered));
    Path file = Files.write(folder.resolve("altered.vhd"), altered);
    assertRefused(code, () -> VirtualDisks.open(file, DiskFormat.VHD, OpenRules.foreign()).close());
  }
}
