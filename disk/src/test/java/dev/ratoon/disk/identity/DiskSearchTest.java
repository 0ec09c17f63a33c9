package dev.ratoon.disk.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness.Found;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.ManifestBuilder;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.DiskId;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks are found among others by what they are. */
class DiskSearchTest {
  private static final byte[] CONTENT = Contents.mixed(1, 300 * 512);
  private static final DiskId ID = DiskAssert.manifest(CONTENT).id();
  private static final OptionalLong SIZE = OptionalLong.of(CONTENT.length);
  private static final long PLENTY = 1L << 30;

  @TempDir Path root;
  private Path folder;
  private Path wanted;
  private DiskIndex index;
  private final Instant now = Instant.now().plus(Duration.ofHours(1));

  @BeforeEach
  void files() throws Exception {
    folder = Files.createDirectory(root.resolve("folder"));
    index = DiskIndex.open(root.resolve("index"), DiskIndex.Bounds.STANDARD, () -> now, _ -> true);
    Files.writeString(folder.resolve("a.txt"), "no disk");
    Files.createDirectory(folder.resolve("b"));
    Contents.raw(folder.resolve("c.raw"), Contents.mixed(2, CONTENT.length));
    Contents.raw(folder.resolve("d.raw"), Contents.mixed(1, CONTENT.length + 512));
    wanted = Contents.raw(folder.resolve("e.raw"), CONTENT);
    Contents.raw(folder.resolve("f.raw"), Contents.mixed(3, CONTENT.length));
    Contents.raw(folder.resolve("b/wanted.raw"), CONTENT);
    Files.createSymbolicLink(folder.resolve("g"), folder.resolve("nothing"));
  }

  private DiskSearch search(long bytes) {
    return new DiskSearch(
        List.of(root.resolve("none"), folder),
        4,
        bytes,
        index,
        disk -> identification().confirmed(disk, Progress.NONE));
  }

  @Test
  void byContentIfNothingIsKnown() {
    assertThat(search(PLENTY).withDiskId(ID, SIZE)).contains(found(wanted));
    assertThat(search(0).withDiskId(ID, SIZE)).as("known by now").contains(found(wanted));
    assertThat(knows("c.raw")).as("read on the way").isTrue();
    assertThat(knows("d.raw")).as("of another size").isFalse();
    assertThat(knows("f.raw")).as("behind it").isFalse();
  }

  @Test
  void bySizeOfTheKnownManifest() throws Exception {
    remember(wanted);
    Path moved = Files.move(wanted, folder.resolve("z.raw"));
    assertThat(search(PLENTY).withDiskId(ID, OptionalLong.empty())).contains(found(moved));
    assertThat(knows("c.raw")).as("what was presumed comes first").isFalse();
    assertThat(knows("d.raw")).isFalse();
  }

  @Test
  void withoutASizeEverythingMayBeRead() {
    assertThat(search(PLENTY).withDiskId(ID, OptionalLong.empty())).contains(found(wanted));
    assertThat(knows("d.raw")).isTrue();
  }

  @Test
  void nothingIsFoundWhereNothingIs() {
    DiskId other = DiskAssert.manifest(new byte[CONTENT.length]).id();
    assertThat(search(PLENTY).withDiskId(other, SIZE)).isEmpty();
    assertThat(search(PLENTY).withDiskId(ID, OptionalLong.of(512))).isEmpty();
  }

  @Test
  void noMoreIsReadThanAllowed() throws Exception {
    assertThat(search(0).withDiskId(ID, SIZE)).isEmpty();
    assertThat(knows("c.raw")).isFalse();
    // A large hole costs nothing.
    try (RandomAccessFile hole = new RandomAccessFile(folder.resolve("h.raw").toFile(), "rw")) {
      hole.setLength(1 << 30);
    }
    DiskId zeros = new ManifestBuilder(1 << 30).build().id();
    assertThat(search(0).withDiskId(zeros, OptionalLong.of(1 << 30)))
        .contains(found(folder.resolve("h.raw")));
  }

  @Test
  void aDiskInAnotherLayoutIsFoundToo() throws Exception {
    Path child = folder.resolve("0.qcow2");
    child(child, wanted, CONTENT.length);
    assertThat(search(PLENTY).withDiskId(ID, SIZE)).contains(new Found(child, DiskFormat.QCOW2));
  }

  private static void child(Path child, Path parent, long size) {
    Qcow2Child.create(
        child,
        size,
        Optional.of(new Backing(parent, DiskFormat.RAW)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
  }

  private static Found found(Path file) {
    return new Found(file, DiskFormat.RAW);
  }

  private void remember(Path file) {
    identification().identify(() -> open(file), Progress.NONE);
  }

  private Identification identification() {
    return Identification.verifying(index, (_, _, _) -> {}, 1);
  }

  private boolean knows(String name) {
    try (VirtualDisk disk = open(folder.resolve(name))) {
      Optional<Manifest> known = index.vouched(ChainStamp.of(disk).orElseThrow());
      return known.isPresent();
    }
  }

  private static VirtualDisk open(Path file) {
    return VirtualDisks.open(file, OpenRules.chain(4));
  }
}
