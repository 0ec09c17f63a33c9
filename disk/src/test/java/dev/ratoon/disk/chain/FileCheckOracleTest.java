package dev.ratoon.disk.chain;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.Qemu;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damage is found wherever it is, also where only unpacking tells. */
class FileCheckOracleTest {
  @TempDir Path folder;
  private Path packed;

  @BeforeEach
  void image() throws Exception {
    // Every cluster can be packed to about half of its size.
    byte[] content = new byte[2 << 20];
    Random random = new Random(5);
    for (int at = 0; at < content.length; at += 1 << 16) {
      byte[] noise = new byte[30_000];
      random.nextBytes(noise);
      System.arraycopy(noise, 0, content, at, noise.length);
    }
    Path raw = Contents.raw(folder.resolve("raw"), content);
    packed = folder.resolve("packed.qcow2");
    Qemu.img("convert", "-c", "-O", "qcow2", "-f", "raw", raw, packed);
  }

  @Test
  void nothingIsFoundInASoundFile() {
    LongAdder seen = new LongAdder();
    assertThat(FileCheck.of(packed, DiskFormat.QCOW2, 2, seen::add)).isEmpty();
    assertThat(seen.sum()).isEqualTo(2 << 20);
  }

  @Test
  void aChildIsLookedAtWithoutItsParent() {
    Path child = folder.resolve("child.qcow2");
    Qemu.img("create", "-f", "qcow2", "-b", packed, "-F", "qcow2", child);
    packed.toFile().delete();
    assertThat(check(child)).isEmpty();
  }

  @Test
  void whatCannotBeUnpackedIsAnError() throws Exception {
    // Clusters are packed from the sixth on, one behind the other.
    try (FileChannel file = FileChannel.open(packed, StandardOpenOption.WRITE)) {
      byte[] damage = new byte[100_000];
      Arrays.fill(damage, (byte) 0xff);
      file.write(ByteBuffer.wrap(damage), 5 << 16);
    }
    assertThat(check(packed)).extracting(Finding::severity).containsExactly(Severity.ERROR);
  }

  @Test
  void aFileThatWasCutIsAnError() throws Exception {
    try (FileChannel file = FileChannel.open(packed, StandardOpenOption.WRITE)) {
      file.truncate(300 << 10);
    }
    assertThat(check(packed)).extracting(Finding::severity).containsExactly(Severity.ERROR);
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
