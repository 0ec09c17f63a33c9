package dev.ratoon.disk.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.copy.Conversion;
import dev.ratoon.disk.manifest.Manifests;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * QEMU and Ratoon agree on what a disk is: theirs has the same id for us, and ours reads the same
 * for them.
 */
class SameContentOracleTest {
  /** A multiple of what every format can express, but for VHD's geometry. */
  private static final int SIZE = 6 << 20;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "qcow2 compat=0.10",
        "qcow2 extended_l2=on",
        "qcow2 cluster_size=4096",
        "-c qcow2 compression_type=zstd",
        "vpc force_size=on",
        "vpc force_size=on,subformat=fixed",
        "vhdx block_size=1048576",
        "vhdx subformat=fixed",
        "vmdk subformat=monolithicSparse",
        "vmdk subformat=streamOptimized",
      })
  void whatQemuConvertedHasTheSameId(String how) throws Exception {
    byte[] content = Contents.mixed(41, SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    List<String> words = new ArrayList<>(Arrays.asList(how.split(" ")));
    List<Object> command = new ArrayList<>(List.of("convert", "-f", "raw"));
    if (words.getFirst().equals("-c")) {
      command.add(words.removeFirst());
    }
    Path image = folder.resolve("converted");
    command.addAll(List.of("-O", words.get(0), "-o", words.get(1), raw, image));
    Qemu.img(command.toArray());

    try (VirtualDisk disk = VirtualDisks.open(image, OpenRules.foreign())) {
      assertThat(disk.format()).isEqualTo(DiskFormat.find(words.getFirst()).orElseThrow());
      assertThat(Manifests.of(disk, 2, Progress.NONE)).isEqualTo(DiskAssert.manifest(content));
    }
  }

  @Test
  void qemuReadsTheSameFromWhatEveryWriterWrote() throws Exception {
    byte[] content = Contents.mixed(42, SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    for (CreateOptions options : SameContentTest.EVERY_WRITER) {
      if (options instanceof CreateOptions.Vhdx vhdx && vhdx.sectorBytes() != 512) {
        continue; // QEMU refuses these; VhdxOracleTest has other judges.
      }
      Path file = folder.resolve("written" + options.hashCode());
      try (VirtualDisk source = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1));
          WritableDisk target = VirtualDisks.create(file, SIZE, Optional.empty(), options)) {
        Conversion.convert(source, target, 2, Progress.NONE);
      }
      // Without -s a larger disk must go on with zeros: VHD's geometry.
      Qemu.img("compare", "-f", "raw", "-F", options.format().qemuName(), raw, file);
      if (options.format() != DiskFormat.RAW && options.format() != DiskFormat.VHD) {
        Qemu.img("check", "-f", options.format().qemuName(), file);
      }
    }
  }
}
