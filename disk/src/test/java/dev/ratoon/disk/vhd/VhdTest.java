package dev.ratoon.disk.vhd;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Chains;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VhdTest {
  private static final Vhd SMALL_BLOCKS = new Vhd(Allocation.DYNAMIC, 1 << 19, Vhd.Sizing.EXACT);
  private static final Vhd FIXED = new Vhd(Allocation.FIXED, 1 << 21, Vhd.Sizing.EXACT);

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsReadBack(Allocation allocation) throws Exception {
    byte[] content = new byte[3 * (1 << 20) + 1536];
    Path file = folder.resolve("a.vhd");
    Random random = new Random(1);
    Vhd options = new Vhd(allocation, 1 << 19, Vhd.Sizing.EXACT);
    try (WritableDisk disk = Chains.create(file, content.length, options)) {
      for (int i = 0; i < 40; i++) {
        Chains.change(disk, content, random, 300_000);
        if (i % 10 == 0) {
          disk.flush();
        }
      }
      assertHolds(disk, content);
    }
    try (VirtualDisk disk = Chains.open(file)) {
      assertHolds(disk, content);
      assertThat(disk.format()).isEqualTo(DiskFormat.VHD);
      assertThat(disk.top().examine()).isEmpty();
      assertThat(disk.top().variant()).startsWith(allocation.name().toLowerCase(Locale.ROOT));
      assertThat(disk.top().nativeId()).get().isInstanceOf(NativeId.Vhd.class);
    }
    try (WritableDisk disk = Chains.openWritable(file)) {
      Chains.change(disk, content, random, 900_000);
    }
    try (VirtualDisk disk = Chains.open(file)) {
      assertHolds(disk, content);
    }
  }

  @Test
  void anEmptyDiskIsSmallAndAllHole() throws Exception {
    Path file = folder.resolve("a.vhd");
    Chains.create(file, 2040L << 30, Vhd.STANDARD).close();
    try (VirtualDisk disk = Chains.open(file)) {
      assertThat(disk.size()).isEqualTo(2040L << 30);
      Extent all = disk.extentAt(0);
      assertThat(all).isEqualTo(new Extent(0, disk.size(), Kind.HOLE));
    }
    assertThat(Files.size(file)).isLessThan(8 << 20);
  }

  @Test
  void moreThanTheFormatCanIsRefusedAndLeavesNothing() {
    Path file = folder.resolve("a.vhd");
    assertRefused(
        ErrorCode.INVALID_VALUE, () -> Chains.create(file, (2040L << 30) + 512, Vhd.STANDARD));
    assertThat(file).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void chainsOfChildrenReadAsTheirModel(long seed) throws Exception {
    Random random = new Random(seed);
    byte[] content = Contents.mixed(seed, 512 * (1 + random.nextInt(6000)));
    Path root = folder.resolve("root.vhd");
    try (WritableDisk disk =
        Chains.create(root, content.length, seed % 2 == 0 ? FIXED : SMALL_BLOCKS)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    byte[] before = content.clone();
    Path parent = root;
    for (int depth = 1; depth <= 3; depth++) {
      Path child = folder.resolve("child" + depth + ".vhd");
      Vhd options = new Vhd(Allocation.DYNAMIC, 1 << (19 + random.nextInt(3)), Vhd.Sizing.EXACT);
      try (WritableDisk disk = Chains.child(child, parent, options)) {
        for (int i = 0; i < 20; i++) {
          Chains.change(disk, content, random, i % 2 == 0 ? 2000 : 700_000);
        }
        assertHolds(disk, content);
      }
      // Opened again, for some more.
      try (WritableDisk disk = Chains.openWritable(child)) {
        Chains.change(disk, content, random, 5000);
        disk.flush();
        Chains.change(disk, content, random, 5000);
      }
      parent = child;
    }
    try (VirtualDisk disk = Chains.open(parent)) {
      assertThat(disk.layers()).hasSize(4);
      assertHolds(disk, content);
      disk.layers().forEach(layer -> assertThat(layer.examine()).isEmpty());
    }
    try (VirtualDisk disk = Chains.open(root)) {
      assertHolds(disk, before);
    }
  }

  @Test
  void aChildHoldsOnlyTheSectorsThatWereWritten() throws Exception {
    Path root = folder.resolve("root.vhd");
    Chains.create(root, 4 << 20, Vhd.STANDARD).close();
    Path child = folder.resolve("child.vhd");
    try (WritableDisk disk = Chains.child(child, root, Vhd.STANDARD)) {
      disk.write(70_000, ByteBuffer.wrap(new byte[1000]));
      disk.zero(2 << 20, 2 << 20);
    }
    try (VirtualDisk disk = Chains.open(child)) {
      int first = 70_000 / 512 * 512;
      int end = (71_000 + 511) / 512 * 512;
      assertThat(disk.top().extentAt(0, 4 << 20)).isEqualTo(new Extent(0, first, Kind.HOLE));
      assertThat(disk.top().extentAt(first, 4 << 20))
          .isEqualTo(new Extent(first, end - first, Kind.DATA));
      assertThat(disk.top().extentAt(2 << 20, 4 << 20).kind()).isEqualTo(Kind.DATA);
    }
  }

  @Test
  void aChildSmallerOrLargerThanItsParentReadsZerosBehindIt() throws Exception {
    byte[] content = Contents.mixed(9, 1 << 20);
    Path root = folder.resolve("root.vhd");
    try (WritableDisk disk = Chains.create(root, content.length, SMALL_BLOCKS)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    Path larger = folder.resolve("larger.vhd");
    try (WritableDisk disk = Chains.child(larger, Chains.open(root), 3 << 20, SMALL_BLOCKS)) {
      disk.write((1 << 20) - 100, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      content[(1 << 20) - 100] = 1;
      content[(1 << 20) - 99] = 2;
      content[(1 << 20) - 98] = 3;
      assertHolds(disk, Arrays.copyOf(content, 3 << 20));
    }
  }

  @Test
  void theParentIsRecordedForEverybodyWhoLooks() throws Exception {
    Path root = folder.resolve("root.vhd");
    Chains.create(root, 4 << 20, Vhd.STANDARD).close();
    Path below = Files.createDirectory(folder.resolve("below"));
    Path child = below.resolve("child.vhd");
    Chains.child(child, root, Vhd.STANDARD).close();
    try (VirtualDisk disk = Chains.open(child)) {
      ParentLink link = disk.top().parent().orElseThrow();
      assertThat(link.recorded()).isEqualTo("..\\root.vhd");
      assertThat(link.candidates()).containsExactly(root, below.resolve("root.vhd"));
      assertThat(link.nativeId()).isEqualTo(disk.layers().get(1).nativeId());
      assertThat(link.format()).contains(DiskFormat.VHD);
    }
    // Moved together, or the parent beside the child: found all the same.
    Path moved = Files.move(below, folder.resolve("moved"));
    Chains.open(moved.resolve("child.vhd")).close();
    Files.move(root, moved.resolve("root.vhd"));
    Chains.open(moved.resolve("child.vhd")).close();
  }

  @Test
  void aWrongOrMissingParentIsRefusedByName() throws Exception {
    Path root = folder.resolve("root.vhd");
    Chains.create(root, 4 << 20, Vhd.STANDARD).close();
    Path child = folder.resolve("child.vhd");
    Chains.child(child, root, Vhd.STANDARD).close();

    Files.delete(root);
    assertRefused(ErrorCode.PARENT_MISSING, () -> Chains.open(child));
    Chains.create(root, 4 << 20, Vhd.STANDARD).close();
    assertRefused(ErrorCode.PARENT_MISMATCH, () -> Chains.open(child));
  }

  @Test
  void anotherParentIsRecordedInPlaceOfTheOldOne() throws Exception {
    byte[] content = Contents.mixed(10, 2 << 20);
    Path root = folder.resolve("root.vhd");
    Path twin = folder.resolve("twin.vhd");
    for (Path file : new Path[] {root, twin}) {
      try (WritableDisk disk = Chains.create(file, content.length, SMALL_BLOCKS)) {
        disk.write(0, ByteBuffer.wrap(content));
      }
    }
    Path child = folder.resolve("child.vhd");
    try (WritableDisk disk = Chains.child(child, root, SMALL_BLOCKS);
        VirtualDisk other = Chains.open(twin)) {
      disk.write(1000, ByteBuffer.wrap(new byte[] {7}));
      ((WritableLayer) disk.top())
          .relink(new Backing(twin, DiskFormat.VHD, other.top().nativeId(), Optional.empty()));
    }
    content[1000] = 7;
    Files.delete(root);
    try (VirtualDisk disk = Chains.open(child)) {
      assertThat(disk.files()).containsExactly(child, twin);
      assertHolds(disk, content);
    }
  }

  @Test
  void aFileWhoseEndIsMissingIsReadByTheCopyAndMended() throws Exception {
    byte[] content = Contents.mixed(12, 2 << 20);
    Path file = folder.resolve("a.vhd");
    try (WritableDisk disk = Chains.create(file, content.length, SMALL_BLOCKS)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    cut(file, 512);
    try (VirtualDisk disk = Chains.open(file)) {
      assertHolds(disk, content);
      assertThat(disk.top().examine()).hasSize(1);
    }
    Chains.openWritable(file).close();
    try (VirtualDisk disk = Chains.open(file)) {
      assertHolds(disk, content);
      assertThat(disk.top().examine()).isEmpty();
    }
  }

  @Test
  void aGeometryGrowsTheDiskToWhatItExpresses() throws Exception {
    for (long size = 512; size < 300L << 30; size = size * 3 + 512) {
      Vhd options = new Vhd(Allocation.DYNAMIC, 1 << 21, Vhd.Sizing.GEOMETRY);
      long grown = VhdLayer.sizeOf(size, options);
      assertThat(grown).isGreaterThanOrEqualTo(size);
      VhdGeometry geometry = VhdGeometry.of(grown);
      assertThat(geometry.isLargest() || geometry.bytes() == grown).isTrue();
      assertThat(VhdLayer.sizeOf(size, Vhd.STANDARD)).isEqualTo(size);
    }
    // What QEMU makes of 64 MiB: docs/formats/vhd.md.
    assertThat(VhdGeometry.roundedUp(64 << 20)).isEqualTo(67_125_248);
  }

  @Test
  void footersOf511BytesAreRead() throws Exception {
    byte[] content = Contents.mixed(13, 1 << 20);
    Path file = folder.resolve("a.vhd");
    try (WritableDisk disk = Chains.create(file, content.length, FIXED)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    cut(file, 1);
    try (VirtualDisk disk = Chains.open(file)) {
      assertHolds(disk, content);
    }
  }

  @Test
  void parentsAreLookedForWhereAnybodyWouldRecordThem() {
    Path child = Path.of("/vms/web/child.vhd");
    assertThat(candidates(child, Optional.of("..\\base\\p.vhd"), Optional.of("C:\\old\\p.vhd")))
        .containsExactly(
            Path.of("/vms/base/p.vhd"), Path.of("/old/p.vhd"), Path.of("/vms/web/p.vhd"));
    assertThat(candidates(child, Optional.empty(), Optional.of("..\\base\\p.vhd")))
        .containsExactly(Path.of("/vms/base/p.vhd"), Path.of("/vms/web/p.vhd"));
    assertThat(candidates(child, Optional.empty(), Optional.empty()))
        .containsExactly(Path.of("/vms/web/p.vhd"));
  }

  private static List<Path> candidates(
      Path child, Optional<String> relative, Optional<String> absolute) {
    return new VhdParent(new UUID(1, 2), 0, "p.vhd", relative, absolute).link(child).candidates();
  }

  private static void cut(Path file, int bytes) throws Exception {
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - bytes);
    }
  }
}
