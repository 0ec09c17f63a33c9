package dev.ratoon.disk.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Qcow2;
import dev.ratoon.disk.CreateOptions.Raw;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.CreateOptions.Vhdx;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.copy.Conversion;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same content has the same disk id, whatever stores it, in one file or in a chain. */
class SameContentTest {
  static final List<CreateOptions> EVERY_WRITER =
      List.of(
          new Raw(),
          Qcow2.STANDARD,
          Qcow2.SUBCLUSTERS,
          new Qcow2(1 << 9, false, false),
          new Qcow2(1 << 21, true, false),
          new Qcow2(1 << 16, false, true),
          new Qcow2(1 << 17, true, true),
          Vhd.STANDARD,
          new Vhd(Allocation.DYNAMIC, 1 << 19, Vhd.Sizing.EXACT),
          new Vhd(Allocation.FIXED, 1 << 21, Vhd.Sizing.EXACT),
          new Vhd(Allocation.DYNAMIC, 1 << 21, Vhd.Sizing.GEOMETRY),
          Vhdx.STANDARD,
          new Vhdx(Allocation.DYNAMIC, 1 << 20, 4096),
          new Vhdx(Allocation.DYNAMIC, 1 << 25, 512),
          new Vhdx(Allocation.FIXED, 1 << 21, 512));

  private static final List<CreateOptions> EVERY_CHILD =
      List.of(
          Qcow2.STANDARD,
          Qcow2.SUBCLUSTERS,
          new Qcow2(1 << 12, false, true),
          Vhd.STANDARD,
          Vhdx.STANDARD,
          new Vhdx(Allocation.DYNAMIC, 1 << 20, 512));

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void everyWriterGivesTheSameDisk(long seed) throws Exception {
    // A multiple of the largest sector, which not every writer could otherwise keep.
    int size = 4096 * (1 + new Random(seed).nextInt(2000));
    byte[] content = Contents.mixed(seed, size);
    Path raw = Contents.raw(folder.resolve("content.raw"), content);
    Manifest expected = DiskAssert.manifest(content);
    for (CreateOptions options : EVERY_WRITER) {
      Path file = folder.resolve("written." + options.format().word() + options.hashCode());
      try (VirtualDisk source = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1));
          WritableDisk target = VirtualDisks.create(file, size, Optional.empty(), options)) {
        Conversion.convert(source, target, 2, Progress.NONE);
      }
      try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
        assertThat(disk.format()).isEqualTo(options.format());
        boolean grown = options instanceof Vhd vhd && vhd.sizing() == Vhd.Sizing.GEOMETRY;
        assertThat(disk.size()).isGreaterThanOrEqualTo(size);
        Manifest here =
            grown ? DiskAssert.manifest(Arrays.copyOf(content, (int) disk.size())) : expected;
        assertThat(Manifests.of(disk, 2, Progress.NONE)).as(options.toString()).isEqualTo(here);
        DiskAssert.assertExtentsFit(disk, Arrays.copyOf(content, (int) disk.size()));
      }
    }
  }

  /** A disk in three files, each written a part of, is the disk that all of it makes. */
  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void chainsOfEveryFormatGiveTheSameDisk(long seed) throws Exception {
    int size = 4096 * (500 + new Random(seed).nextInt(1500));
    for (CreateOptions options : EVERY_CHILD) {
      byte[] content = Contents.mixed(seed, size);
      Path root = folder.resolve("root" + options.hashCode());
      CreateOptions rootOptions =
          options.format() == DiskFormat.QCOW2
              ? new Raw()
              : CreateOptions.standard(options.format());
      try (WritableDisk disk = VirtualDisks.create(root, size, Optional.empty(), rootOptions)) {
        disk.write(0, ByteBuffer.wrap(content));
      }
      Path parent = root;
      Random random = new Random(seed);
      for (int depth = 1; depth <= 2; depth++) {
        Path child = folder.resolve("child" + depth + options.hashCode());
        try (WritableDisk disk = child(child, parent, options)) {
          for (int i = 0; i < 12; i++) {
            change(disk, content, random);
          }
        }
        parent = child;
      }
      try (VirtualDisk disk = VirtualDisks.open(parent, OpenRules.chain(3))) {
        assertThat(disk.layers()).hasSize(3);
        assertThat(Manifests.of(disk, 2, Progress.NONE))
            .as(options.toString())
            .isEqualTo(DiskAssert.manifest(content));
      }
    }
  }

  private static WritableDisk child(Path file, Path parentFile, CreateOptions options) {
    VirtualDisk parent = VirtualDisks.open(parentFile, OpenRules.chain(3));
    Backing recorded =
        new Backing(
            parentFile.toAbsolutePath(),
            parent.format(),
            parent.top().nativeId(),
            Optional.empty());
    return VirtualDisks.create(
        file, parent.size(), Optional.of(new VirtualDisks.Parent(parent, recorded)), options);
  }

  private static void change(WritableDisk disk, byte[] content, Random random) {
    int at = random.nextInt(content.length);
    int length = Math.min(content.length - at, 1 + random.nextInt(200_000));
    if (random.nextInt(3) == 0) {
      disk.zero(at, length);
      Arrays.fill(content, at, at + length, (byte) 0);
    } else {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      disk.write(at, ByteBuffer.wrap(bytes));
      System.arraycopy(bytes, 0, content, at, length);
    }
  }
}
