package dev.ratoon.disk.qcow2;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What qemu-img and qemu-io write is read as they mean it. */
class Qcow2ReadingOracleTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "compat=0.10",
        "compat=1.1",
        "cluster_size=512",
        "cluster_size=4096",
        "cluster_size=2097152",
        "extended_l2=on,cluster_size=16384",
        "extended_l2=on,cluster_size=131072",
        "extended_l2=on,cluster_size=2097152",
        "preallocation=metadata",
        "refcount_bits=1",
        "lazy_refcounts=on",
        "-c compat=0.10",
        "-c compat=1.1",
        "-c compression_type=zstd",
        "-c cluster_size=512",
        "-c cluster_size=2097152",
        "-c cluster_size=2097152,compression_type=zstd",
        "-c extended_l2=on",
      })
  void everyVariantHoldsWhatWasConverted(String variant) throws Exception {
    byte[] content = Contents.mixed(7, Contents.SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path image = folder.resolve("a.qcow2");
    List<Object> command = new ArrayList<>(List.of("convert", "-f", "raw", "-O", "qcow2"));
    if (variant.startsWith("-c ")) {
      command.add("-c");
    }
    command.addAll(List.of("-o", variant.replace("-c ", ""), raw, image));
    Qemu.img(command.toArray());

    try (VirtualDisk disk = VirtualDisks.open(image, OpenRules.foreign())) {
      assertThat(disk.format()).isEqualTo(DiskFormat.QCOW2);
      assertThat(disk.files()).containsExactly(image);
      assertThat(disk.top().parent()).isEmpty();
      assertHolds(disk, content);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"compat=1.1", "extended_l2=on", "cluster_size=4096", "cluster_size=2097152"})
  void zeroedAndDiscardedPlacesReadAsTheirWriterMeant(String variant) throws Exception {
    byte[] content = Contents.mixed(11, Contents.SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path base = folder.resolve("base.qcow2");
    Qemu.img("convert", "-f", "raw", "-O", "qcow2", raw, base);
    Path child = folder.resolve("child.qcow2");
    Qemu.img("create", "-f", "qcow2", "-o", variant, "-b", base, "-F", "qcow2", child);
    Qemu.io(
        child,
        "write -P 3 0 1M",
        "write -z 64k 300k",
        "write -z -u 512k 256k",
        "write -P 4 100k 1k",
        "write -c -P 5 4M 2M",
        "discard 6M 1M",
        "write -P 6 6300k 4k",
        "write -P 7 8M 1536");

    assertReadsAsQemuDoes(child);
    try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(2))) {
      assertThat(disk.files()).containsExactly(child, base);
      assertThat(Qcow2Header.read(child).backing(child))
          .contains(new Backing(base, DiskFormat.QCOW2));
    }
  }

  @Test
  void deepChainsWithGrownAndShrunkenChildrenReadAsQemuReadsThem() throws Exception {
    Path raw = Contents.raw(folder.resolve("a.raw"), Contents.mixed(5, Contents.SIZE));
    Path one = folder.resolve("one.qcow2");
    Qemu.img("create", "-f", "qcow2", "-b", "a.raw", "-F", "raw", one, "20M");
    Qemu.io(one, "write -P 9 9M 200k", "write -P 1 15M 3M");
    Path two = folder.resolve("two.qcow2");
    Qemu.img("create", "-f", "qcow2", "-o", "extended_l2=on", "-b", one, "-F", "qcow2", two, "10M");
    Qemu.io(two, "write -P 2 3M 5k", "write -z 9400k 8k");
    Path three = folder.resolve("three.qcow2");
    Qemu.img("create", "-f", "qcow2", "-o", "compat=0.10", "-b", two, "-F", "qcow2", three, "30M");
    Qemu.io(three, "write -P 2 29M 1M");

    assertReadsAsQemuDoes(three);
    try (VirtualDisk disk = VirtualDisks.open(three, OpenRules.chain(4))) {
      assertThat(disk.files()).containsExactly(three, two, one, raw);
      assertThat(disk.extentAt(12 << 20).kind()).isEqualTo(Extent.Kind.HOLE);
    }
  }

  @Test
  void internalSnapshotsAreIgnored() throws Exception {
    byte[] content = Contents.mixed(3, Contents.SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path image = folder.resolve("a.qcow2");
    Qemu.img("convert", "-f", "raw", "-O", "qcow2", raw, image);
    Qemu.img("snapshot", "-c", "before", image);
    Qemu.io(image, "write -P 8 1M 1M");

    assertReadsAsQemuDoes(image);
  }

  private void assertReadsAsQemuDoes(Path image) throws Exception {
    Path oracle = folder.resolve("oracle.raw");
    Qemu.img("convert", "-f", "qcow2", "-O", "raw", image, oracle);
    try (VirtualDisk disk = VirtualDisks.open(image, OpenRules.chain(8))) {
      assertHolds(disk, Files.readAllBytes(oracle));
    }
  }
}
