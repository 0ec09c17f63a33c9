package dev.ratoon.disk.qcow2;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Children that we write are sound to qemu-img, and QEMU writes into them as into its own. */
class Qcow2ChildTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "65536, false, 9438720",
    "65536, false, 17592186044416",
    "65536, true, 17592186044416",
    "2097152, true, 70368744177664",
    "131072, true, 30000000512",
    "16384, true, 512",
    "512, false, 1048576",
    "512, false, 68719476736",
    "4096, false, 2199023255552",
  })
  void aChildIsSoundBeforeAndAfterAGuestWrites(int cluster, boolean extended, long size)
      throws Exception {
    byte[] content = Contents.mixed(2, Contents.SIZE);
    Path base = Contents.raw(folder.resolve("base.raw"), content);
    Path child = folder.resolve("child.qcow2");

    Qcow2Child.create(
        child,
        size,
        Optional.of(new Backing(base, DiskFormat.RAW)),
        new CreateOptions.Qcow2(cluster, extended, false),
        Durability.BUFFERED);

    Qemu.img("check", "-f", "qcow2", child);
    Qemu.io(child, "write -P 9 " + (size - 512) + " 512");
    Qemu.img("check", "-f", "qcow2", child);
    try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(2))) {
      assertThat(disk.size()).isEqualTo(size);
      assertThat(Qcow2Header.read(child).backing(child))
          .contains(new Backing(base, DiskFormat.RAW));
      assertThat(disk.extentAt(size - 512).kind()).isEqualTo(Extent.Kind.DATA);
    }
  }

  @Test
  void aChildReadsAsItsParentUntilWritten() throws Exception {
    byte[] content = Contents.mixed(2, Contents.SIZE);
    Path base = Contents.raw(folder.resolve("base.raw"), content);
    Path child = folder.resolve("child.qcow2");
    create(child, Contents.SIZE, Optional.of(new Backing(base, DiskFormat.RAW)));

    try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(2))) {
      DiskAssert.assertHolds(disk, content);
    }
    assertThat(Qemu.img("compare", "-F", "raw", child, base)).contains("identical");
  }

  @Test
  void anEmptyDiskNeedsNoParent() {
    Path disk = folder.resolve("empty.qcow2");
    create(disk, 1 << 30, Optional.empty());

    Qemu.img("check", "-f", "qcow2", disk);
    try (VirtualDisk opened = VirtualDisks.open(disk, OpenRules.foreign())) {
      assertThat(opened.extentAt(0)).isEqualTo(new Extent(0, 1 << 30, Extent.Kind.HOLE));
    }
  }

  @Test
  void theHeaderTellsTheParentWithoutOpeningIt() {
    Path parent = Path.of("/no/such/folder/ä base.raw");
    Path child = folder.resolve("child.qcow2");
    create(child, 1 << 20, Optional.of(new Backing(parent, DiskFormat.RAW)));

    Qcow2Header header = Qcow2Header.read(child);

    assertThat(header.backing(child)).contains(new Backing(parent, DiskFormat.RAW));
    assertThat(header.size()).isEqualTo(1 << 20);
  }

  @Test
  void aTakenNameIsLeftAsItIs() throws Exception {
    Path child = folder.resolve("child.qcow2");
    Files.writeString(child, "a guest's data");

    assertRefused(ErrorCode.NAME_TAKEN, () -> create(child, 512, Optional.empty()));

    assertThat(child).hasContent("a guest's data");
    assertThat(names()).containsExactly("child.qcow2");
  }

  @Test
  void onlyTheOwnerMayOpenItAndNothingElseIsLeft() throws Exception {
    create(folder.resolve("child.qcow2"), 512, Optional.empty());

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(child())))
        .isEqualTo("rw-------");
    assertThat(names()).containsExactly("child.qcow2");
  }

  @Test
  void whatCanNotBeADiskIsRefused() {
    assertRefused(ErrorCode.INVALID_VALUE, () -> create(child(), 0, Optional.empty()));
    assertRefused(ErrorCode.INVALID_VALUE, () -> create(child(), 513, Optional.empty()));
    assertRefused(ErrorCode.INVALID_VALUE, () -> create(child(), 65L << 40, Optional.empty()));
    assertRefused(ErrorCode.INVALID_VALUE, () -> new CreateOptions.Qcow2(65537, false, false));
    assertRefused(ErrorCode.INVALID_VALUE, () -> new CreateOptions.Qcow2(8192, true, false));
    Backing far = new Backing(Path.of("/" + "x".repeat(1023)), DiskFormat.RAW);
    assertRefused(ErrorCode.INVALID_VALUE, () -> create(child(), 512, Optional.of(far)));
    assertRefused(
        ErrorCode.FILE_UNWRITABLE,
        () -> create(folder.resolve("no/child.qcow2"), 512, Optional.empty()));
  }

  private Path child() {
    return folder.resolve("child.qcow2");
  }

  private static void create(Path file, long size, Optional<Backing> parent) {
    Qcow2Child.create(file, size, parent, CreateOptions.Qcow2.STANDARD, Durability.SYNCED);
  }

  private java.util.List<String> names() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
