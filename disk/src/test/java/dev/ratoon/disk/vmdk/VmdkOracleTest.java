package dev.ratoon.disk.vmdk;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What qemu-img and tar make is read as they mean it, and they read what the tests make. */
class VmdkOracleTest {
  private static final byte[] CONTENT = Contents.mixed(7, Contents.SIZE);

  @TempDir Path folder;
  private Path raw;

  @BeforeEach
  void content() throws Exception {
    raw = Contents.raw(folder.resolve("a.raw"), CONTENT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "subformat=monolithicSparse",
        "subformat=streamOptimized",
        "subformat=monolithicSparse,zeroed_grain=on",
        "subformat=monolithicSparse,compat6=on"
      })
  void everyVariantHoldsWhatWasConverted(String options) {
    Path file = converted(options);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertThat(disk.format()).isEqualTo(DiskFormat.VMDK);
      assertThat(disk.top().nativeId()).isPresent();
      assertThat(disk.top().examine()).isEmpty();
      assertHolds(disk, CONTENT);
    }
  }

  @Test
  void zeroedGrainsReadAsTheirWriterMeant() throws Exception {
    Path file = converted("subformat=monolithicSparse,zeroed_grain=on");
    run("qemu-io", "-f", "vmdk", "-c", "write -z 1M 2M", "-c", "write -P 7 2M 64k", file);
    Path oracle = folder.resolve("oracle.raw");
    Qemu.img("convert", "-f", "vmdk", "-O", "raw", file, oracle);
    try (VirtualDisk disk = VirtualDisks.open(file, OpenRules.foreign())) {
      assertHolds(disk, Files.readAllBytes(oracle));
      assertThat(disk.extentAt(1 << 20).kind()).isEqualTo(Kind.ZERO);
      assertThat(disk.top().examine()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"})
  void disksInSeveralFilesAreRefusedByName(String subformat) {
    Path file = converted("subformat=" + subformat);
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(file));
    Path part = folder.resolve("a-s001.vmdk");
    if (Files.exists(part)) {
      assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(part));
    }
  }

  @Test
  void aDifferenceIsRefusedByName() {
    Path base = converted("subformat=monolithicSparse");
    Path child = folder.resolve("child.vmdk");
    Qemu.img("create", "-f", "vmdk", "-b", base, "-F", "vmdk", child);
    assertRefused(ErrorCode.IMAGE_REFERS_OUTSIDE, () -> open(child));
  }

  @Test
  void qemuReadsWhatTheTestsMake() throws Exception {
    VmdkFile[] made = {
      VmdkFile.sparse(CONTENT).grains(16).redundant(),
      VmdkFile.stream(CONTENT).grains(128),
      VmdkFile.stream(CONTENT).grains(128).tablesAtEnd()
    };
    for (VmdkFile file : made) {
      Path path = file.write(folder.resolve("made.vmdk"));
      Qemu.img("compare", "-f", "vmdk", "-F", "raw", path, raw);
    }
  }

  @ParameterizedTest
  @CsvSource({"ustar, sha1", "gnu, sha256", "pax, sha256"})
  void archivesThatTarMakesAreRead(String format, String digest) throws Exception {
    Path disk = converted("subformat=streamOptimized");
    Files.writeString(folder.resolve("vm.ovf"), "<Envelope/>");
    String command =
        "printf '%s(a.vmdk)= %s\\n' "
            + digest.toUpperCase(Locale.ROOT)
            + " $("
            + digest
            + "sum < a.vmdk | cut -d' ' -f1) > vm.mf && tar --format="
            + format
            + " -cf vm.ova vm.ovf vm.mf a.vmdk";
    run("sh", "-c", "cd " + folder + " && " + command);
    assertThat(disk).exists();
    try (VirtualDisk read = VirtualDisks.open(folder.resolve("vm.ova"), OpenRules.foreign())) {
      assertHolds(read, CONTENT);
    }
  }

  @Test
  void anArchiveThatTarMadeSparseIsRefused() throws Exception {
    Path file = converted("subformat=monolithicSparse");
    Files.writeString(folder.resolve("vm.ovf"), "<Envelope/>");
    run("truncate", "-s", "64M", file);
    run("sh", "-c", "cd " + folder + " && tar -S -cf vm.ova vm.ovf a.vmdk");
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(folder.resolve("vm.ova")));
  }

  private Path converted(String options) {
    Path file = folder.resolve("a.vmdk");
    Qemu.img("convert", "-f", "raw", "-O", "vmdk", "-o", options, raw, file);
    return file;
  }

  private static void open(Path file) {
    VirtualDisks.open(file, OpenRules.foreign()).close();
  }

  private static void run(Object... command) throws Exception {
    String[] words = new String[command.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = command[i].toString();
    }
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
