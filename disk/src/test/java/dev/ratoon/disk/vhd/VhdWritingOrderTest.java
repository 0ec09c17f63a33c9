package dev.ratoon.disk.vhd;

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
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.WritableLayer.Below;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In what order things reach a VHD, and that nothing is written that need not be. */
class VhdWritingOrderTest {
  private static final int BLOCK = 1 << 19;
  private static final int TABLE = 1536;
  private static final Vhd SMALL_BLOCKS = new Vhd(Allocation.DYNAMIC, BLOCK, Vhd.Sizing.EXACT);

  @TempDir(factory = InMemory.class)
  Path folder;

  private final List<Event> events = new ArrayList<>();

  /** Something that was done to the file; nothing was written if it was forced or resized. */
  private record Event(String name, long offset, ByteBuffer bytes) {}

  @Test
  void tablesFollowTheirDataBehindBarriers() throws Exception {
    Path file = child();
    try (WritableLayer layer = watched(file)) {
      layer.write(BLOCK + 100, ByteBuffer.wrap(new byte[2000]), Below.NOTHING);
      assertThat(taken(file)).containsExactly("resized", "data", "data", "data");
      layer.flush();
      assertThat(taken(file))
          .containsExactly("forced", "bitmap", "footer", "forced", "table", "forced");
      layer.write(BLOCK + 100, ByteBuffer.wrap(new byte[2000]), Below.NOTHING);
      layer.write(BLOCK + 4096, ByteBuffer.wrap(new byte[512]), Below.NOTHING);
      layer.flush();
      assertThat(taken(file))
          .containsExactly("data", "data", "data", "data", "forced", "bitmap", "forced", "forced");
      layer.write(0, ByteBuffer.wrap(new byte[512]), Below.NOTHING);
    }
    assertThat(taken(file))
        .as("closed")
        .containsExactly(
            "resized", "data", "forced", "bitmap", "footer", "forced", "table", "forced");
  }

  @Test
  void aNewParentIsNamedOnlyWhenItsPathIsThere() throws Exception {
    Path file = child();
    try (WritableLayer layer = watched(file)) {
      layer.write(0, ByteBuffer.wrap(new byte[512]), Below.NOTHING);
      taken(file);
      layer.relink(backing(folder.resolve("root.vhd"), DiskFormat.VHD));
      assertThat(taken(file))
          .containsExactly(
              "forced", "bitmap", "footer", "forced", "table", "forced", // as if flushed
              "data", "footer", "forced", "header", "forced");
    }
    assertThat(taken(file)).as("closed").isEmpty();
  }

  @Test
  void aNewFileThatNobodyFlushedIsNotForced() throws Exception {
    Path file = folder.resolve("new.vhd");
    ImageFile made = ImageFile.create(file).observedBy(new Recorder());
    try (WritableLayer layer = VhdLayer.create(made, 4 * BLOCK, Optional.empty(), SMALL_BLOCKS)) {
      assertThat(taken(file)).containsExactly("table", "header", "footer copy", "footer");
      layer.write(700, ByteBuffer.wrap(new byte[] {1}), Below.NOTHING);
    }
    assertThat(taken(file)).containsExactly("resized", "bitmap", "data", "footer", "table");
    Path flushed = folder.resolve("flushed.vhd");
    ImageFile other = ImageFile.create(flushed).observedBy(new Recorder());
    try (WritableLayer layer = VhdLayer.create(other, 4 * BLOCK, Optional.empty(), SMALL_BLOCKS)) {
      layer.flush();
      taken(flushed);
      layer.write(700, ByteBuffer.wrap(new byte[] {1}), Below.NOTHING);
    }
    assertThat(taken(flushed)).contains("forced");
  }

  @Test
  void whoOnlyLooksChangesNothing() throws Exception {
    Path file = child();
    try (WritableLayer layer = watched(file)) {
      assertThat(layer.examine()).isEmpty();
      assertThat(layer.format()).isEqualTo(DiskFormat.VHD);
      assertThat(layer.variant()).isEqualTo("differencing, blocks of 512 KiB");
      assertThat(layer.stamp()).isNotEmpty();
      assertThat(layer.nativeId()).isNotEmpty();
      layer.zero(0, 0, Below.NOTHING);
    }
    assertThat(taken(file)).isEmpty();
    assertThat(file.toFile().length()).isLessThan(BLOCK);
    ImageFile.openWritable(file).close();
  }

  @Test
  void aBlockThatIsNewReadsAsZerosWithoutBeingWritten() throws Exception {
    Path file = child();
    try (WritableLayer layer = watched(file)) {
      layer.zero(BLOCK, 2 * BLOCK, Below.NOTHING);
      assertThat(taken(file)).containsExactly("resized", "resized");
      layer.zero(BLOCK, 512, Below.NOTHING);
      layer.zero(3 * BLOCK, BLOCK - 512, Below.NOTHING);
      assertThat(taken(file)).startsWith("data", "resized", "data");
    }
    try (VirtualDisk disk = Chains.open(file)) {
      ByteBuffer read = ByteBuffer.allocate(4 * BLOCK);
      disk.read(0, read);
      byte[] expected = Contents.mixed(1, 4 * BLOCK);
      Arrays.fill(expected, BLOCK, 4 * BLOCK - 512, (byte) 0);
      assertThat(Arrays.mismatch(read.array(), expected)).isEqualTo(-1);
    }
  }

  @Test
  void bitmapsAreWrittenBackBeforeTheyTakeTooMuchMemory() throws Exception {
    // Each takes 64 KiB; 8 MiB are kept.
    long block = 1 << 28;
    Vhd large = new Vhd(Allocation.DYNAMIC, 1 << 28, Vhd.Sizing.EXACT);
    Path root = folder.resolve("root.vhd");
    Chains.create(root, 140 * block, large).close();
    Path file = folder.resolve("child.vhd");
    Chains.child(file, root, large).close();
    try (WritableLayer layer = watched(file)) {
      for (int i = 0; i < 140; i++) {
        layer.write(i * block + 512, ByteBuffer.wrap(new byte[512]), Below.NOTHING);
        boolean written = taken(file).contains("forced");
        assertThat(written).as("block %d", i).isEqualTo(i == 128);
      }
      for (int i = 0; i < 140; i++) {
        assertThat(layer.extentAt(i * block + 512, 140 * block))
            .isEqualTo(new Extent(i * block + 512, 512, Kind.DATA));
      }
    }
  }

  @Test
  void aDiskWithoutAParentHasZerosAlready() throws Exception {
    Path file = folder.resolve("root.vhd");
    Chains.create(file, 4 * BLOCK, SMALL_BLOCKS).close();
    try (WritableLayer layer = watched(file)) {
      layer.zero(100, 3 * BLOCK, Below.NOTHING);
      assertThat(taken(file)).isEmpty();
      assertRefused(ErrorCode.INVALID_VALUE, () -> layer.relink(backing(file, DiskFormat.VHD)));
    }
  }

  @Test
  void whatCanNotBeRecordedIsRefusedAndNothingIsWritten() throws Exception {
    Path file = child();
    Path raw = Files.write(folder.resolve("a.raw"), new byte[512]);
    Path slash = folder.resolve("a\\b.vhd");
    Chains.create(slash, BLOCK, SMALL_BLOCKS).close();
    Path deep = folder;
    for (int i = 0; i < 9; i++) {
      deep = deep.resolve("x".repeat(230));
    }
    Path far = Files.createDirectories(deep).resolve("far.vhd");
    Chains.create(far, BLOCK, SMALL_BLOCKS).close();
    try (WritableLayer layer = watched(file)) {
      Backing anonymous = new Backing(slash, DiskFormat.VHD, Optional.empty(), Optional.empty());
      for (Backing parent :
          List.of(
              backing(raw, DiskFormat.RAW),
              anonymous,
              backing(slash, DiskFormat.VHD),
              backing(far, DiskFormat.VHD))) {
        assertRefused(ErrorCode.INVALID_VALUE, () -> layer.relink(parent));
      }
    }
    assertThat(taken(file)).isEmpty();
  }

  private Path child() throws Exception {
    Path root = folder.resolve("root.vhd");
    try (WritableDisk disk = Chains.create(root, 4 * BLOCK, SMALL_BLOCKS)) {
      disk.write(0, ByteBuffer.wrap(Contents.mixed(1, 4 * BLOCK)));
    }
    Path child = folder.resolve("child.vhd");
    Chains.child(child, root, SMALL_BLOCKS).close();
    return child;
  }

  private static Backing backing(Path file, DiskFormat format) {
    try (VirtualDisk disk = Chains.open(file)) {
      return new Backing(file, format, disk.top().nativeId(), Optional.empty());
    }
  }

  private WritableLayer watched(Path file) {
    return VhdLayer.openWritable(ImageFile.openWritable(file).observedBy(new Recorder()));
  }

  /** What happened since this was last asked, by the names of the parts that were written. */
  private List<String> taken(Path file) {
    ByteBuffer bytes;
    try (ImageFile open = ImageFile.open(file)) {
      bytes = open.bytes(0, 512);
    }
    List<String> names = events.stream().map(event -> name(event, bytes)).toList();
    events.clear();
    return names;
  }

  private static String name(Event event, ByteBuffer file) {
    if (!event.name().isEmpty()) {
      return event.name();
    }
    if (event.bytes().equals(file.slice(0, 512))) {
      return event.offset() == 0 ? "footer copy" : "footer";
    }
    if (event.offset() < TABLE) {
      return "header";
    }
    if (event.offset() < TABLE + 512) {
      return "table";
    }
    // The bitmap is the sector before data that is aligned to 4 KiB.
    return event.offset() % 4096 == 4096 - 512 && event.bytes().capacity() == 512
        ? "bitmap"
        : "data";
  }

  private final class Recorder implements ImageFile.Observer {
    @Override
    public void wrote(long offset, ByteBuffer bytes) {
      events.add(new Event("", offset, bytes));
    }

    @Override
    public void resized(long length) {
      events.add(new Event("resized", length, ByteBuffer.allocate(0)));
    }

    @Override
    public void forced() {
      events.add(new Event("forced", 0, ByteBuffer.allocate(0)));
    }
  }
}
