package dev.ratoon.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs' disks that become bases: nothing of them is lost, whenever that is cut off. */
class LayeringTest {
  private static final CopyProgress SILENT = (done, total) -> {};
  private static final int SIZE = 4 << 20;

  @TempDir Path work;
  private Path home;
  private Path vm;
  private Cache cache;
  private Base image;

  @BeforeEach
  void open() throws Exception {
    home = work.resolve("cache");
    vm = Files.createDirectory(work.resolve("vm"));
    cache = Cache.open(home, 2, InstantSource.system());
    Path raw = Images.random(work.resolve("a.raw"), SIZE, 1);
    image = cache.use(Images.importInto(cache, raw, (step, done, total) -> {}).diskId());
  }

  @AfterEach
  void close() throws IOException {
    cache.close();
    Images.makeDeletable(home);
  }

  @Test
  void aFrozenDiskBecomesADeltaAndLeavesALinkInItsPlace() throws Exception {
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());
    write(disk, 1 << 20, 100_000, 7);
    DiskId content = contentOf(disk);
    Object inode = Files.getAttribute(disk, "unix:ino");

    Base layer = cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT);

    assertThat(layer.id()).isEqualTo(content);
    assertThat(layer.path()).isEqualTo(home.resolve(content + ".delta.qcow2"));
    assertThat(Files.getAttribute(layer.path(), "unix:ino")).isEqualTo(inode);
    assertThat(Files.readSymbolicLink(disk)).isEqualTo(layer.path());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(layer.path())))
        .isEqualTo("r--r--r--");
    assertThat(ImmutableFlag.isSet(layer.path())).isTrue();
    assertThat(cache.chain(layer)).extracting(Base::id).containsExactly(content, image.id());
    assertThat(contentOf(layer.path())).isEqualTo(content);
    assertThat(cache.manifest(content).id()).isEqualTo(content);
    assertThat(home.resolve("incoming")).isEmptyDirectory();
  }

  @Test
  void theFingerprintsOfALayerAreThoseOfItsWholeContent() throws Exception {
    cache.computeMissingFingerprints();
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());
    write(disk, 1 << 20, 100_000, 7);

    Base layer = cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT);

    BlockFingerprints quick = cache.fingerprints(layer.id()).orElseThrow();
    long count = quick.fingerprints();
    long first = quick.of(256);
    long inherited = quick.of(0);
    cache.close();
    Files.delete(home.resolve(layer.id() + ".blocks"));
    cache = Cache.open(home, 2, InstantSource.system());
    cache.computeMissingFingerprints();
    BlockFingerprints read = cache.fingerprints(layer.id()).orElseThrow();
    assertThat(read.fingerprints()).isEqualTo(count);
    assertThat(read.of(256)).isEqualTo(first);
    assertThat(read.of(0)).isEqualTo(inherited);
  }

  @Test
  void aDiskThatItsGuestNeverWroteIsTheBaseItStandsOn() throws Exception {
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());

    assertThat(cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT)).isEqualTo(image);

    assertThat(Files.isSymbolicLink(disk)).isFalse();
    assertThat(cache.replicas()).hasSize(1);
  }

  @Test
  void theNextLayerNamesTheOneBelowByTheCachesNameThoughItWasMadeOnItsPlace() throws Exception {
    Path first = overlay("disk-0.qcow2", image.path(), image.format());
    write(first, 0, 10_000, 11);
    Path second = overlay("disk-0.1.qcow2", first, DiskFormat.QCOW2);
    Base below = cache.layer(first, DiskFormat.QCOW2, Optional.empty(), SILENT);
    write(second, 2 << 20, 10_000, 2);
    DiskId content = contentOf(second);

    Base above = cache.layer(second, DiskFormat.QCOW2, Optional.empty(), SILENT);

    assertThat(above.id()).isEqualTo(content);
    assertThat(Qcow2Header.read(above.path()).backing(above.path()).map(Backing::file))
        .contains(below.path());
    assertThat(cache.chain(above)).hasSize(3);
  }

  @Test
  void whatStandsOnADiskThatWasNeverWrittenStandsOnThatOnesBase() throws Exception {
    Path first = overlay("disk-0.qcow2", image.path(), image.format());
    Path second = overlay("disk-0.1.qcow2", first, DiskFormat.QCOW2);
    Base below = cache.layer(first, DiskFormat.QCOW2, Optional.of(image.id()), SILENT);
    write(second, 0, 10_000, 2);
    DiskId content = contentOf(second);

    Base above = cache.layer(second, DiskFormat.QCOW2, Optional.of(below.id()), SILENT);

    assertThat(above.id()).isEqualTo(content);
    assertThat(cache.chain(above)).extracting(Base::id).containsExactly(content, image.id());
    assertThat(contentOf(above.path())).isEqualTo(content);
  }

  @Test
  void atTheBoundTheBaseBelowIsWrittenFlatFirst() throws Exception {
    Base top = image;
    for (int i = 0; i < Cache.MOST_FILES + 1; i++) {
      Path disk = overlay("disk-0." + i + ".qcow2", top.path(), top.format());
      write(disk, i * 100_000L, 5_000, 10 + i);
      DiskId content = contentOf(disk);
      top = cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT);
      assertThat(top.id()).isEqualTo(content);
      assertThat(cache.chain(top)).hasSizeLessThanOrEqualTo(Cache.MOST_FILES);
      assertThat(contentOf(top.path())).isEqualTo(content);
    }
    assertThat(cache.replicas())
        .anyMatch(r -> r.layout() == Layout.FLAT && !r.base().id().equals(image.id()));
  }

  @Test
  void whatWasCutOffBeforeTheLinkIsBegunAgain() throws Exception {
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());
    write(disk, 0, 10_000, 11);
    DiskId content = contentOf(disk);
    Files.createLink(home.resolve("incoming/" + content + ".layer"), disk);
    reopen();

    assertThat(cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT).id())
        .isEqualTo(content);
    assertThat(home.resolve("incoming")).isEmptyDirectory();
  }

  @Test
  void whatWasCutOffAfterTheLinkIsReadAgainAndGetsItsName() throws Exception {
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());
    write(disk, 0, 10_000, 11);
    DiskId content = contentOf(disk);
    Path waiting = home.resolve("incoming/" + content + ".layer");
    Files.move(disk, waiting);
    Files.createSymbolicLink(disk, home.resolve(content + ".delta.qcow2"));
    reopen();
    assertThat(cache.leftovers()).hasSize(1);

    Base layer = cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT);

    assertThat(layer.id()).isEqualTo(content);
    assertThat(contentOf(layer.path())).isEqualTo(content);
    assertThat(waiting).doesNotExist();
    assertThat(cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT)).isEqualTo(layer);
  }

  @Test
  void whatWaitsUnderAWrongIdGetsNoName() throws Exception {
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());
    write(disk, 0, 10_000, 11);
    DiskId other = new DiskId("ab".repeat(32));
    Path waiting = home.resolve("incoming/" + other + ".layer");
    Files.move(disk, waiting);
    Files.createSymbolicLink(disk, home.resolve(other + ".delta.qcow2"));

    assertThatThrownBy(() -> cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT))
        .asInstanceOf(type(RatoonException.class))
        .returns(ErrorCode.OVERLAY_ALTERED, failed -> failed.problem().code());
    assertThat(waiting).exists();
  }

  @Test
  void aWholeCopyBecomesAFlatBaseAndAnEmptyDiskIsWrittenAsOne() throws Exception {
    Path whole = vm.resolve("disk-0.raw");
    cache.copyWhole(image.id(), whole, SIZE, SILENT);
    try (WritableDisk disk = VirtualDisks.openWritable(whole, DiskFormat.RAW, OpenRules.chain(1))) {
      disk.write(5_000, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      disk.flush();
    }
    Path empty = vm.resolve("disk-1.qcow2");
    Qcow2Child.create(
        empty, SIZE, Optional.empty(), CreateOptions.Qcow2.STANDARD, Durability.SYNCED);
    write(empty, 0, 50_000, 3);
    DiskId content = contentOf(empty);

    Base flat = cache.layer(whole, DiskFormat.RAW, Optional.empty(), SILENT);
    Base data = cache.layer(empty, DiskFormat.QCOW2, Optional.empty(), SILENT);

    assertThat(Files.readSymbolicLink(whole)).isEqualTo(flat.path());
    assertThat(flat.format()).isEqualTo(DiskFormat.RAW);
    assertThat(data.id()).isEqualTo(content);
    assertThat(data.format()).isEqualTo(DiskFormat.RAW);
    assertThat(Files.isRegularFile(empty)).isTrue();
  }

  @Test
  void aDiskOnAnAlteredBaseIsLeftWhereItIs() throws Exception {
    Path disk = overlay("disk-0.qcow2", image.path(), image.format());
    write(disk, 0, 10_000, 11);
    Images.alter(image.path(), 3 << 20);

    assertThatThrownBy(() -> cache.layer(disk, DiskFormat.QCOW2, Optional.empty(), SILENT))
        .asInstanceOf(type(RatoonException.class))
        .returns(ErrorCode.BASE_ALTERED, failed -> failed.problem().code());
    assertThat(Files.isRegularFile(disk)).isTrue();
  }

  private void reopen() {
    cache.close();
    cache = Cache.open(home, 2, InstantSource.system());
  }

  private Path overlay(String name, Path parent, DiskFormat format) {
    Path file = vm.resolve(name);
    Backing.Naming naming =
        parent.startsWith(vm) ? Backing.Naming.RELATIVE : Backing.Naming.ABSOLUTE;
    Qcow2Child.create(
        file,
        SIZE,
        Optional.of(new Backing(parent, format, Optional.empty(), Optional.empty(), naming)),
        CreateOptions.Qcow2.STANDARD,
        Durability.SYNCED);
    return file;
  }

  private static void write(Path file, long offset, int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.QCOW2, rules())) {
      disk.write(offset, ByteBuffer.wrap(bytes));
      disk.flush();
    }
  }

  private static DiskId contentOf(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, rules())) {
      return Manifests.of(disk, 2, Progress.NONE).id();
    }
  }

  private static OpenRules.Chain rules() {
    return OpenRules.chain(16, List.of(), ParentWitness.TRUSTING);
  }
}
