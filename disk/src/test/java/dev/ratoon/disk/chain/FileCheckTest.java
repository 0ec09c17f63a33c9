package dev.ratoon.disk.chain;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of files that were packed by our own writer, sound and damaged. */
class FileCheckTest {
  private static final int SIZE = 1 << 20;
  private static final int CLUSTER = 1 << 16;

  @TempDir Path folder;
  private Path packed;

  @BeforeEach
  void image() {
    packed = folder.resolve("packed.qcow2");
    byte[] content = new byte[SIZE];
    for (int at = 0; at < SIZE; at += CLUSTER) {
      byte[] noise = Contents.mixed(at + 1, 20_480);
      System.arraycopy(noise, 0, content, at, noise.length);
    }
    try (WritableDisk disk =
        VirtualDisks.create(
            packed, SIZE, Optional.empty(), new CreateOptions.Qcow2(CLUSTER, false, true))) {
      for (int at = 0; at < SIZE; at += CLUSTER) {
        disk.write(at, ByteBuffer.wrap(content, at, CLUSTER));
      }
    }
  }

  @Test
  void aSoundFileIsReadToItsEndAndNothingIsFound() {
    LongAdder seen = new LongAdder();
    assertThat(FileCheck.of(packed, DiskFormat.QCOW2, 2, seen::add)).isEmpty();
    assertThat(seen.sum()).isEqualTo(SIZE);
  }

  @Test
  void whatCannotBeUnpackedIsAnErrorWithItsReason() throws Exception {
    long size = Files.size(packed);
    try (FileChannel file = FileChannel.open(packed, StandardOpenOption.WRITE)) {
      byte[] damage = new byte[(int) (size - 6L * CLUSTER)];
      Arrays.fill(damage, (byte) 0xff);
      file.write(ByteBuffer.wrap(damage), 6L * CLUSTER);
    }
    List<Finding> found = check(packed);
    assertThat(found).extracting(Finding::severity).contains(Severity.ERROR);
    assertThat(found.getLast().what()).isNotEmpty();
  }

  @Test
  void aFileThatWasCutIsAnError() throws Exception {
    try (FileChannel file = FileChannel.open(packed, StandardOpenOption.WRITE)) {
      file.truncate(5L * CLUSTER + 100);
    }
    assertThat(check(packed)).extracting(Finding::severity).contains(Severity.ERROR);
  }

  @Test
  void aChildIsLookedAtWithoutItsParent() throws Exception {
    Path child = folder.resolve("child.qcow2");
    Qcow2Child.create(
        child,
        SIZE,
        Optional.of(new Backing(packed, DiskFormat.QCOW2)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    Files.delete(packed);
    assertThat(check(child)).isEmpty();
  }

  @Test
  void whatIsNoDiskIsRefused() throws Exception {
    Path text = Files.writeString(folder.resolve("text"), "hello");
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> check(text));
  }

  private static List<Finding> check(Path file) {
    return FileCheck.of(file, DiskFormat.QCOW2, 1, Progress.NONE);
  }
}
