package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Children find their parent, and take nobody else for it. */
class VhdxParentTest {
  private static final UUID GUID = UUID.fromString("83ED0EC3-24C8-49A6-A959-5E4BF1288BFB");

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private static final byte[] CONTENT = TestLog.noise(1, 2 * MIB);
  private Path base;
  private Path child;

  @BeforeEach
  void aChildBesideItsParent() {
    base = folder.resolve("base.vhdx");
    child = folder.resolve("child.vhdx");
    make(base);
    VhdxDisks.child(child, base, CONTENT.length, VhdxDisks.dynamic(1, 512)).close();
  }

  private void make(Path file) {
    try (WritableDisk disk = VhdxDisks.create(file, CONTENT.length, VhdxDisks.dynamic(1, 512))) {
      disk.write(0, ByteBuffer.wrap(CONTENT));
    }
  }

  private static NativeId.Vhdx id(Path file) {
    try (ImageFile opened = ImageFile.open(file)) {
      return (NativeId.Vhdx) VhdxLayer.open(opened, false).nativeId().orElseThrow();
    }
  }

  private static ParentLink link(Path file) {
    try (ImageFile opened = ImageFile.open(file)) {
      return VhdxLayer.open(opened, false).parent().orElseThrow();
    }
  }

  private static UUID linkage(Path file) {
    return ((NativeId.Vhdx) link(file).nativeId().orElseThrow()).dataWrite();
  }

  private void assertReads(Path file) {
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      byte[] read = new byte[CONTENT.length];
      disk.read(0, ByteBuffer.wrap(read));
      assertThat(Arrays.equals(read, CONTENT)).isTrue();
    }
  }

  @Test
  void aChildRecordsItsParentAsHyperVWants() {
    ParentLink link = link(child);
    assertThat(link.recorded()).isEqualTo(".\\base.vhdx");
    assertThat(link.candidates()).containsExactly(base);
    assertThat(link.format()).contains(DiskFormat.VHDX);
    assertThat(link.nativeId()).contains(id(base));
    assertThat(link.otherNativeId()).isEmpty();
    assertThat(id(child).virtualDisk()).isEqualTo(id(base).virtualDisk());
    assertThat(id(child).dataWrite()).isNotEqualTo(id(base).dataWrite());
    String metadata =
        new String(
            new VhdxBytes(child).get(VhdxBytes.ITEMS, 1000).array(), StandardCharsets.UTF_16LE);
    assertThat(metadata)
        .contains("parent_linkage{" + id(base).dataWrite() + "}")
        .contains("relative_path.\\base.vhdx")
        .contains("absolute_win32_path\\\\?\\C:" + base.toString().replace('/', '\\'));
    assertReads(child);
  }

  @Test
  void filesThatMoveTogetherFindEachOther() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("a/b"));
    Files.move(base, elsewhere.resolve("base.vhdx"));
    Files.move(child, elsewhere.resolve("child.vhdx"));
    assertReads(elsewhere.resolve("child.vhdx"));
  }

  @Test
  void aChildThatMovesAloneFindsItsParentByItsAbsolutePath() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("a/b"));
    Files.move(child, elsewhere.resolve("child.vhdx"));
    assertReads(elsewhere.resolve("child.vhdx"));
  }

  @Test
  void aParentInAnotherFolderIsFoundByItsRelativePath() throws IOException {
    Path deep = Files.createDirectories(folder.resolve("bases/x")).resolve("base.vhdx");
    Files.move(base, deep);
    Path other = Files.createDirectories(folder.resolve("vms/1")).resolve("child.vhdx");
    VhdxDisks.child(other, deep, CONTENT.length, VhdxDisks.dynamic(1, 512)).close();
    assertThat(link(other).recorded()).isEqualTo("..\\..\\bases\\x\\base.vhdx");
    Files.move(folder.resolve("bases"), folder.resolve("a"));
    Files.createDirectory(folder.resolve("new"));
    Files.move(folder.resolve("a"), folder.resolve("new/bases"));
    Files.move(folder.resolve("vms"), folder.resolve("new/vms"));
    assertReads(folder.resolve("new/vms/1/child.vhdx"));
  }

  @Test
  void aParentThatIsGoneIsMissing() throws IOException {
    Files.delete(base);
    assertRefused(ErrorCode.PARENT_MISSING, () -> VhdxDisks.open(child).close());
    assertRefused(ErrorCode.PARENT_MISSING, () -> VhdxDisks.openWritable(child).close());
  }

  @Test
  void anotherDiskOfTheSameContentIsNotTheParent() throws IOException {
    Files.delete(base);
    make(base);
    assertRefused(ErrorCode.PARENT_MISMATCH, () -> VhdxDisks.open(child).close());
    assertThatThrownBy(() -> VhdxDisks.open(child)).hasMessageContaining(base.toString());
    assertRefused(ErrorCode.PARENT_MISMATCH, () -> VhdxDisks.openWritable(child).close());
  }

  @Test
  void aParentThatWasWrittenToIsNotTheParentAnyMore() {
    VhdxDisks.openWritable(base).close();
    assertReads(child);
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      disk.zero(0, 0);
      disk.write(5, ByteBuffer.allocate(0));
    }
    assertReads(child);
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      disk.write(5, ByteBuffer.allocate(1));
    }
    assertRefused(ErrorCode.PARENT_MISMATCH, () -> VhdxDisks.open(child).close());
  }

  @Test
  void theSecondIdOfAMergeIsAsGood() {
    NativeId.Vhdx right = id(base);
    ParentLocator locator =
        new ParentLocator(
            GUID,
            Optional.of(right.dataWrite()),
            Optional.of("base.vhdx"),
            Optional.empty(),
            Optional.empty());
    replaceLocator(LocatorCodec.encode(locator));
    assertThat(link(child).nativeId()).contains(new NativeId.Vhdx(GUID, right.virtualDisk()));
    assertThat(link(child).otherNativeId()).contains(right);
    assertReads(child);
  }

  private void replaceLocator(ByteBuffer item) {
    VhdxBytes bytes = new VhdxBytes(child);
    bytes.put(VhdxBytes.ITEMS + 4096, item);
    bytes.put(VhdxBytes.METADATA + 32 + 5 * 32 + 16, 4, (64 << 10) + 4096);
    bytes.put(VhdxBytes.METADATA + 32 + 5 * 32 + 20, 4, item.limit());
  }

  @Test
  void pathsOfWindowsAreTriedInTheirOrder() {
    ParentLocator locator =
        new ParentLocator(
            GUID,
            Optional.empty(),
            Optional.of("..\\other\\one.vhdx"),
            Optional.of("\\\\?\\Volume{26A21BDA-A627-11D7-9931-806E6F6E6963}\\Two Words\\Two.vhdx"),
            Optional.of("\\\\?\\d:\\three\\one.vhdx"));
    ParentLink link = locator.link(Path.of("/vms/7/child.vhdx"), GUID);
    assertThat(link.recorded()).isEqualTo("..\\other\\one.vhdx");
    assertThat(link.candidates())
        .containsExactly(
            Path.of("/vms/other/one.vhdx"),
            Path.of("/Two Words/Two.vhdx"),
            Path.of("/three/one.vhdx"),
            Path.of("/vms/7/one.vhdx"),
            Path.of("/vms/7/Two.vhdx"));
  }

  @ParameterizedTest
  @CsvSource({
    "'\\\\?\\UNC\\server\\share\\base.vhdx', /vms/base.vhdx",
    "'\\\\server\\share\\base.vhdx', /vms/base.vhdx",
    "'\\\\?\\c:\\..\\..\\base.vhdx', /base.vhdx",
    "'D:\\base.vhdx', /base.vhdx",
  })
  void whatCannotBeHereIsLookedForByItsName(String recorded, Path first) {
    ParentLocator locator =
        new ParentLocator(
            GUID, Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(recorded));
    assertThat(locator.link(Path.of("/vms/child.vhdx"), GUID).candidates()).startsWith(first);
  }

  @Test
  void namesThatNameNothingAreNoCandidates() {
    ParentLocator locator =
        new ParentLocator(
            GUID,
            Optional.empty(),
            Optional.of("\\rooted"),
            Optional.of("C:\\"),
            Optional.of("a/b"));
    assertThat(locator.link(Path.of("/vms/child.vhdx"), GUID).candidates())
        .containsExactly(Path.of("/vms/rooted"));
    ParentLocator none =
        new ParentLocator(
            GUID, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    ParentLink link = none.link(Path.of("/vms/child.vhdx"), GUID);
    assertThat(link.candidates()).isEmpty();
    assertThat(link.recorded()).isEqualTo("{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}");
  }

  @Test
  void whatCannotBeAParentIsRefusedWhenTheChildIsMade() throws IOException {
    Path second = folder.resolve("second.vhdx");
    Backing noId = new Backing(base, DiskFormat.VHDX);
    Backing raw = new Backing(base, DiskFormat.RAW, Optional.of(id(base)), Optional.empty());
    Backing slash =
        new Backing(
            Path.of("/a\\b.vhdx"), DiskFormat.VHDX, Optional.of(id(base)), Optional.empty());
    Backing far =
        new Backing(
            Path.of("/" + "x/".repeat(5000) + "b"),
            DiskFormat.VHDX,
            Optional.of(id(base)),
            Optional.empty());
    for (Backing wrong : new Backing[] {noId, raw, slash, far}) {
      try (VirtualDisk parent = VhdxDisks.open(base)) {
        assertRefused(
            ErrorCode.INVALID_VALUE,
            () ->
                VirtualDisks.create(
                    second,
                    MIB,
                    Optional.of(new VirtualDisks.Parent(parent, wrong)),
                    VhdxDisks.dynamic(1, 512)));
      }
    }
    CreateOptions.Vhdx fixed = new CreateOptions.Vhdx(Allocation.FIXED, MIB, 512);
    assertRefused(ErrorCode.INVALID_VALUE, () -> VhdxDisks.child(second, base, MIB, fixed));
    assertThatThrownBy(() -> VhdxDisks.child(second, base, MIB, VhdxDisks.dynamic(1, 4096)))
        .hasMessageContaining("sectors would have 4096 bytes; its parent's have 512");
    assertThat(second).doesNotExist();
  }

  @Test
  void relinkingRecordsAnotherParentAndNothingElse() throws IOException {
    NativeId before = id(child);
    Path deep = Files.createDirectories(folder.resolve("other")).resolve("b".repeat(200));
    make(deep);
    Backing other = new Backing(deep, DiskFormat.VHDX, Optional.of(id(deep)), Optional.empty());
    for (Backing parent : new Backing[] {other, backing(base), other}) {
      try (WritableLayer layer = VhdxWriter.openWritable(ImageFile.openWritable(child))) {
        layer.relink(parent);
        layer.relink(parent);
        assertThat(layer.parent().orElseThrow().candidates()).contains(parent.file());
      }
      assertThat(linkage(child)).isEqualTo(id(parent.file()).dataWrite());
      assertThat(link(child).candidates()).contains(parent.file());
      assertReads(child);
    }
    assertThat(id(child)).isEqualTo(before);
  }

  private static Backing backing(Path file) {
    return new Backing(file, DiskFormat.VHDX, Optional.of(id(file)), Optional.empty());
  }

  @Test
  void aNewChildCanBeRelinkedBeforeItIsCompleted() {
    Path second = folder.resolve("second.vhdx");
    Path fresh = folder.resolve("fresh.vhdx");
    make(second);
    try (WritableLayer layer =
        VhdxWriter.create(
            ImageFile.create(fresh),
            2 * MIB,
            Optional.of(backing(base)),
            VhdxDisks.dynamic(1, 512))) {
      layer.relink(backing(second));
    }
    assertThat(link(fresh).candidates()).containsExactly(second);
    assertReads(fresh);
  }

  @Test
  void onlyADiskThatHasAParentGetsAnother() {
    try (WritableLayer layer = VhdxWriter.openWritable(ImageFile.openWritable(base))) {
      assertRefused(ErrorCode.INVALID_VALUE, () -> layer.relink(backing(child)));
    }
    try (WritableLayer layer = VhdxWriter.openWritable(ImageFile.openWritable(child))) {
      assertRefused(
          ErrorCode.INVALID_VALUE, () -> layer.relink(new Backing(base, DiskFormat.VHDX)));
    }
    assertReads(child);
  }

  @Test
  void aCrashWhileRelinkingLeavesTheOldParentOrTheNewOne() throws IOException {
    Path second = folder.resolve("second.vhdx");
    make(second);
    Recording recording = new Recording(SparseBytes.of(child));
    try (WritableLayer layer =
        VhdxWriter.openWritable(ImageFile.openWritable(child).observedBy(recording))) {
      layer.relink(backing(second));
    }
    int[] seen = new int[2];
    recording.crashes(
        new Random(3),
        60,
        (count, file) -> {
          file.writeTo(child);
          seen[linkage(child).equals(id(second).dataWrite()) ? 1 : 0]++;
          assertThat(linkage(child)).isIn(id(base).dataWrite(), id(second).dataWrite());
          assertReads(child);
        });
    assertThat(seen).doesNotContain(0);
  }

  @ParameterizedTest
  @CsvSource({
    // offset in the locator (entries of 12 bytes from 20 on), bytes, value, refusal
    "0, 1, 0, IMAGE_UNSUPPORTED",
    "18, 2, 0, IMAGE_CORRUPT",
    "18, 2, 1000, IMAGE_CORRUPT",
    "20, 4, -1, IMAGE_CORRUPT",
    "20, 4, 1000000, IMAGE_CORRUPT",
    "24, 4, 1000000, IMAGE_CORRUPT",
    "24, 4, -2, IMAGE_CORRUPT",
    "28, 2, 26, IMAGE_CORRUPT",
    "30, 2, 0, IMAGE_CORRUPT",
    "30, 2, 74, IMAGE_CORRUPT",
    "30, 2, 65535, IMAGE_CORRUPT",
    "42, 2, 0, IMAGE_CORRUPT",
  })
  void aLocatorThatLiesIsRefused(int offset, int count, long value, ErrorCode code) {
    replaceLocator(LocatorCodec.encode(ParentLocator.of(backing(base), child)));
    new VhdxBytes(child).put(VhdxBytes.ITEMS + 4096 + offset, count, value);
    assertRefused(code, () -> VhdxDisks.open(child).close());
  }

  @Test
  void aLocatorIsThereAndOfABearableLength() {
    VhdxBytes bytes = new VhdxBytes(child);
    bytes.put(VhdxBytes.METADATA + 32 + 5 * 32 + 20, 4, 19);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(child).close());
    bytes.put(VhdxBytes.METADATA + 32 + 5 * 32 + 20, 4, (256 << 10) + 1);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(child).close());
    bytes.put(VhdxBytes.METADATA + 10, 2, 5);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(child).close());
  }
}
