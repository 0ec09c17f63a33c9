package dev.ratoon.disk.chain;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.model.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A file is raw only if it claims to be nothing else. */
class RecognitionTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"vpc, VHD", "vmdk, VMDK", "vdi, VDI", "qed, QED", "parallels, Parallels"})
  void otherFormatsOfDisksAreRefusedByName(String qemuName, String name) {
    Path image = folder.resolve("image");
    Qemu.img("create", "-f", qemuName, image, "8M");
    assertThatThrownBy(() -> open(image)).hasMessageContaining("format " + name + ",");
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(image));
  }

  @Test
  void aVhdxIsOneOfOurs() {
    Path image = folder.resolve("image");
    Qemu.img("create", "-f", "vhdx", image, "8M");
    assertThat(format(image)).isEqualTo(DiskFormat.VHDX);
  }

  @Test
  void aFixedVhdIsToldByItsEnd() {
    Path image = folder.resolve("image");
    Qemu.img("create", "-f", "vpc", "-o", "subformat=fixed", image, "8M");
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(image));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "bzip2", "xz", "zstd", "lz4", "zip", "tar"})
  void packedFilesAreNoImages(String program) throws Exception {
    Contents.raw(folder.resolve("disk"), Contents.mixed(1, 1 << 20));
    String command =
        switch (program) {
          case "tar" -> "tar -cf packed disk";
          case "zip" -> "python3 -m zipfile -c packed disk";
          default -> program + " -c disk > packed";
        };
    Process process = new ProcessBuilder("sh", "-c", command).directory(folder.toFile()).start();
    org.junit.jupiter.api.Assumptions.assumeTrue(process.waitFor() == 0, program);
    Path packed = folder.resolve("packed");
    byte[] bytes = Files.readAllBytes(packed);
    Files.write(packed, java.util.Arrays.copyOf(bytes, (bytes.length + 511) / 512 * 512));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(packed));
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 8192})
  void textIsNoImage(int length) throws Exception {
    String page = "<html><title>404 – nicht gefunden</title>\n".repeat(300);
    Path file = folder.resolve("page");
    byte[] bytes = page.getBytes(StandardCharsets.UTF_8);
    Files.write(file, java.util.Arrays.copyOf(bytes, length));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(file));
  }

  @Test
  void whatCanNotBeADiskIsNoImage() throws Exception {
    Path file = folder.resolve("file");
    Files.write(file, new byte[0]);
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(file));
    Files.write(file, new byte[513]);
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(file));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(folder));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(Path.of("/dev/zero")));
    assertRefused(ErrorCode.FILE_UNREADABLE, () -> open(folder.resolve("none")));
  }

  @Test
  void anEmptyDiskAndACdAreRaw() throws Exception {
    Path file = folder.resolve("file");
    Files.write(file, new byte[1 << 20]);
    assertThat(format(file)).isEqualTo(DiskFormat.RAW);
    byte[] cd = new byte[1 << 20];
    System.arraycopy("CD001".getBytes(StandardCharsets.US_ASCII), 0, cd, 32769, 5);
    Files.write(file, cd);
    assertThat(format(file)).isEqualTo(DiskFormat.RAW);
  }

  @Test
  void whoNamesTheFormatIsBelieved() throws Exception {
    Path image = folder.resolve("image");
    Qemu.img("create", "-f", "qcow2", image, "8M");
    byte[] padded = java.util.Arrays.copyOf(Files.readAllBytes(image), 1 << 20);
    Files.write(image, padded);
    try (VirtualDisk disk = VirtualDisks.open(image, DiskFormat.RAW, OpenRules.foreign())) {
      DiskAssert.assertHolds(disk, padded);
    }
    Path raw = Contents.raw(folder.resolve("raw"), new byte[512]);
    assertRefused(
        ErrorCode.NOT_AN_IMAGE,
        () -> VirtualDisks.open(raw, DiskFormat.QCOW2, OpenRules.foreign()).close());
  }

  private static void open(Path file) {
    VirtualDisks.open(file, OpenRules.foreign()).close();
  }

  private static DiskFormat format(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      return disk.format();
    }
  }
}
