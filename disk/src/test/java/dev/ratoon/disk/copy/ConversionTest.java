package dev.ratoon.disk.copy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversionTest {
  @TempDir Path folder;

  @Test
  void theTargetReadsAsTheSourceAndKeepsItsHoles() throws Exception {
    byte[] content = Contents.mixed(21, Contents.SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    AtomicLong progress = new AtomicLong();

    Path copy = folder.resolve("b.raw");
    try (VirtualDisk source = open(raw);
        WritableDisk target = create(copy, source.size())) {
      Conversion.convert(source, target, 2, progress::addAndGet);
    }

    assertThat(progress).hasValue(content.length);
    try (VirtualDisk disk = open(copy)) {
      DiskAssert.assertHolds(disk, content);
    }
  }

  @Test
  void zerosThatAreStoredBecomeHoles() throws Exception {
    byte[] content = new byte[1 << 20];
    content[300_000] = 1;
    Path raw = folder.resolve("a.raw");
    Files.write(raw, content);

    Path copy = folder.resolve("b.raw");
    try (VirtualDisk source = open(raw);
        WritableDisk target = create(copy, source.size())) {
      Conversion.convert(source, target, 1, Progress.NONE);
    }

    try (VirtualDisk disk = open(copy)) {
      DiskAssert.assertHolds(disk, content);
      Extent hole = disk.extentAt(0);
      assertThat(hole.kind()).isEqualTo(Extent.Kind.HOLE);
      assertThat(hole.end()).isEqualTo(300_000 / (16 << 10) * (16 << 10));
    }
  }

  @Test
  void aTargetMayBeLargerButNotSmaller() throws Exception {
    byte[] content = Contents.mixed(22, 1 << 20);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    try (VirtualDisk source = open(raw);
        WritableDisk larger = create(folder.resolve("larger.raw"), 2 << 20);
        WritableDisk smaller = create(folder.resolve("smaller.raw"), 1 << 19)) {
      Conversion.convert(source, larger, 2, Progress.NONE);
      assertThat(Comparison.firstDifference(source, larger, 2, Progress.NONE)).isEmpty();
      DiskAssert.assertRefused(
          ErrorCode.INVALID_VALUE, () -> Conversion.convert(source, smaller, 2, Progress.NONE));
    }
  }

  private static VirtualDisk open(Path file) {
    return VirtualDisks.open(file, DiskFormat.RAW, OpenRules.chain(1));
  }

  private static WritableDisk create(Path file, long size) {
    return VirtualDisks.create(file, size, Optional.empty(), new CreateOptions.Raw());
  }
}
