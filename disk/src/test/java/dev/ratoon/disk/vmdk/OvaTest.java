package dev.ratoon.disk.vmdk;

import static dev.ratoon.disk.DiskAssert.assertHolds;
import static dev.ratoon.disk.DiskAssert.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The one disk of an OVA is read in place; whatever else an archive may be is refused in words. */
@Timeout(20)
class OvaTest {
  private static final byte[] CONTENT = Contents.mixed(6, 1 << 20);
  private static final byte[] DISK = VmdkFile.stream(CONTENT).tablesAtEnd().bytes();
  private static final byte[] OVF = "<Envelope/>".getBytes(UTF_8);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"disk.vmdk", "disk.VMDK", "./disk.vmdk", "disk"})
  void theDiskIsFoundByItsNameOrItsContent(String name) throws Exception {
    Path ova =
        ova(new TarFile().add("vm.ovf", OVF).add("notes.iso", new byte[700]).add(name, DISK));
    try (VirtualDisk disk = VirtualDisks.open(ova, OpenRules.foreign())) {
      assertThat(disk.format()).isEqualTo(DiskFormat.VMDK);
      assertThat(disk.files()).containsExactly(ova);
      assertThat(disk.top().nativeId()).contains(new NativeId.Vmdk(0x12345678));
      assertThat(disk.top().variant())
          .isEqualTo(
              "streamOptimized, grains of 4 KiB, as '" + name.replace("./", "") + "' in an OVA");
      assertHolds(disk, CONTENT);
    }
  }

  @Test
  void anUncompressedDiskIsReadToo() throws Exception {
    byte[] sparse = VmdkFile.sparse(CONTENT).bytes();
    Path ova = ova(new TarFile().add("vm.ovf", OVF).add("a.vmdk", sparse));
    try (VirtualDisk disk = VirtualDisks.open(ova, OpenRules.foreign())) {
      assertHolds(disk, CONTENT);
    }
  }

  @Test
  void anArchiveMayEndWithItsLastMember() throws Exception {
    TarFile tar = new TarFile().add("vm.ovf", OVF).add("a.vmdk", DISK);
    Path ova = Files.write(folder.resolve("a.ova"), tar.open());
    VirtualDisks.open(ova, OpenRules.foreign()).close();
  }

  @Test
  void longNamesAndLargeSizesAreUnderstood() throws Exception {
    String longName = "x".repeat(200) + ".vmdk";
    byte[] binary = ByteBuffer.allocate(12).putInt(0x8000_0000).putLong(DISK.length).array();
    TarFile[] archives = {
      new TarFile().pax("path=vm.ovf").add("short", OVF).pax("path=" + longName).add("s", DISK),
      new TarFile()
          .add("vm.ovf", OVF)
          .add("././@LongLink", 'L', (longName + "\0").getBytes(UTF_8))
          .add("s", DISK),
      new TarFile().add("vm.ovf", OVF).addSized(longName.substring(150), binary, DISK),
      new TarFile()
          .add("vm.ovf", OVF)
          .pax("comment=a b=c", "size=" + DISK.length, "path=" + longName)
          .addSized("s", "77777777777".getBytes(UTF_8), DISK),
      new TarFile()
          .add("dir", '5', new byte[0])
          .add("vm.ovf", '\0', OVF)
          .add("pax", 'g', "18 comment=archive\n".getBytes(UTF_8))
          .add("link.vmdk", '2', new byte[0])
          .add("a.vmdk", '7', DISK),
    };
    for (TarFile tar : archives) {
      try (VirtualDisk disk = VirtualDisks.open(ova(tar), OpenRules.foreign())) {
        assertHolds(disk, CONTENT);
      }
    }
  }

  @Test
  void aLongNameInTwoPartsIsPutTogether() throws Exception {
    byte[] header = TarFile.header("disk.vmdk", '0', "%011o".formatted(DISK.length), true);
    System.arraycopy("folder/of/it".getBytes(UTF_8), 0, header, 345, 12);
    TarFile tar = new TarFile().add("vm.ovf", OVF).raw(TarFile.signed(header)).raw(DISK);
    try (VirtualDisk disk = VirtualDisks.open(ova(tar), OpenRules.foreign())) {
      assertThat(disk.top().variant()).contains("'folder/of/it/disk.vmdk'");
    }
    byte[] gnu = TarFile.header("disk.vmdk", '0', "%011o".formatted(DISK.length), false);
    System.arraycopy("folder/of/it".getBytes(UTF_8), 0, gnu, 345, 12);
    TarFile other = new TarFile().add("vm.ovf", OVF).raw(TarFile.signed(gnu)).raw(DISK);
    try (VirtualDisk disk = VirtualDisks.open(ova(other), OpenRules.foreign())) {
      assertThat(disk.top().variant()).contains("'disk.vmdk'");
    }
  }

  @Test
  void severalDisksAreRefusedByTheirNames() throws Exception {
    Path ova = ova(new TarFile().add("vm.ovf", OVF).add("one.vmdk", DISK).add("two.vmdk", DISK));
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(ova));
    assertThatThrownBy(() -> open(ova)).hasMessageContaining("2 disks: 'one.vmdk', 'two.vmdk'");
  }

  @ParameterizedTest
  @CsvSource({
    "disk.vmdk.gz, 0, packed with gzip",
    "disk.vmdk, 0, packed with gzip",
    "disk.vmdk.000000000, 0, cut into pieces",
    "disk.vmdk, S, without its holes",
    "disk.iso, 0, holds no VMDK"
  })
  void aDiskThatIsNotThereAsItIsIsRefusedInWords(String name, char type, String words)
      throws Exception {
    boolean gzip = words.contains("gzip") && !name.endsWith(".gz");
    byte[] content = gzip ? new byte[] {0x1f, (byte) 0x8b, 8} : new byte[5];
    Path ova = ova(new TarFile().add("vm.ovf", OVF).add(name, type, content));
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(ova));
    assertThatThrownBy(() -> open(ova)).hasMessageContaining(words);
  }

  @Test
  void aDiskThatPaxKeepsWithoutItsHolesIsRefused() throws Exception {
    for (String record : new String[] {"GNU.sparse.major=1", "GNU.sparse.size=5"}) {
      Path ova = ova(new TarFile().add("vm.ovf", OVF).pax(record).add("a.vmdk", DISK));
      assertThatThrownBy(() -> open(ova)).hasMessageContaining("without its holes");
    }
  }

  @Test
  void anArchiveOfSomethingElseIsPacked() throws Exception {
    Path tar = ova(new TarFile().add("disk.vmdk", DISK).add("vm.ovf", OVF));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(tar));
    assertThatThrownBy(() -> open(tar)).hasMessageContaining("packed with tar");
    Path folders = ova(new TarFile().add("vm.ovf", '5', new byte[0]));
    assertRefused(ErrorCode.NOT_AN_IMAGE, () -> open(folders));
  }

  @ParameterizedTest
  @CsvSource({"SHA-1, SHA1(%s)= %s", "SHA-256, SHA256(%s)= %s", "SHA-512, SHA512 (%s) = %s"})
  void theManifestIsCompared(String algorithm, String line) throws Exception {
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(DISK));
    String manifest =
        line.formatted("vm.ovf", "00") + "\n" + line.formatted("a.vmdk", digest) + "\n";
    TarFile right = new TarFile().add("vm.ovf", OVF).add("vm.mf", manifest).add("a.vmdk", DISK);
    open(ova(right));
    byte[] other = DISK.clone();
    other[other.length - 600] ^= 1;
    TarFile wrong = new TarFile().add("vm.ovf", OVF).add("a.vmdk", other).add("vm.mf", manifest);
    Path ova = ova(wrong);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(ova));
    assertThatThrownBy(() -> open(ova)).hasMessageContaining("as its manifest says");
    try (VirtualDisk disk = VirtualDisks.open(ova, OpenRules.chain(1))) {
      assertThat(disk.top().examine())
          .extracting(Finding::what)
          .anyMatch(w -> w.contains("digest") || w.contains(algorithm));
    }
  }

  @Test
  void aManifestThatCanNotBeCheckedIsRefused() throws Exception {
    TarFile unknown =
        new TarFile().add("vm.ovf", OVF).add("a.vmdk", DISK).add("vm.mf", "SHA3(a.vmdk)= 00\n");
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(ova(unknown)));
    TarFile huge =
        new TarFile().add("vm.ovf", OVF).add("a.vmdk", DISK).add("vm.mf", new byte[(1 << 20) + 1]);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(ova(huge)));
    TarFile silent =
        new TarFile().add("vm.ovf", OVF).add("a.vmdk", DISK).add("vm.mf", "SHA1(vm.ovf)= 0\nx\n");
    open(ova(silent));
  }

  @Test
  void everyCutIsNoticed() throws Exception {
    byte[] bytes = new TarFile().add("vm.ovf", OVF).add("a.vmdk", DISK).open();
    for (int keep : new int[] {1024 + 511, 1024 + 512, 1024 + 1024, bytes.length - 1}) {
      Path ova = Files.write(folder.resolve("a.ova"), Arrays.copyOf(bytes, keep));
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(ova));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "99 path=x\n",
        "7 path=x\n",
        "path=x\n",
        "0 path=x\n",
        " path=x\n",
        "9 pathxx\n",
        "9",
        "99999999999999999999999 path=x\n",
        "13 size=-512\n",
        "12 size=1e3\n",
        "9 size= \n"
      })
  void brokenPaxHeadersAreRefused(String records) throws Exception {
    Path ova =
        ova(
            new TarFile()
                .add("vm.ovf", OVF)
                .add("pax", 'x', records.getBytes(UTF_8))
                .add("a.vmdk", DISK));
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(ova));
  }

  @Test
  void brokenHeadersAreRefused() throws Exception {
    byte[] bad = TarFile.header("a.vmdk", '0', "00000000010", true);
    bad[0] ^= 1;
    assertCorrupt(new TarFile().add("vm.ovf", OVF).raw(bad));
    assertCorrupt(new TarFile().add("vm.ovf", OVF).raw(new byte[] {1}).raw(new byte[511]));
    assertCorrupt(new TarFile().add("vm.ovf", OVF).addSized("a.vmdk", "9".getBytes(UTF_8), DISK));
    byte[] negative = ByteBuffer.allocate(12).putInt(0x8000_0000).putLong(-5).array();
    assertCorrupt(new TarFile().add("vm.ovf", OVF).addSized("a.vmdk", negative, DISK));
    byte[] huge = ByteBuffer.allocate(12).putInt(0x8000_0001).putLong(5).array();
    assertCorrupt(new TarFile().add("vm.ovf", OVF).addSized("a.vmdk", huge, DISK));
    byte[] all = ByteBuffer.allocate(12).putInt(0x8000_0000).putLong(Long.MAX_VALUE).array();
    Path ova = ova(new TarFile().add("vm.ovf", OVF).addSized("a.vmdk", all, DISK));
    assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> open(ova));
    Path long_ = ova(new TarFile().add("vm.ovf", OVF).add("l", 'L', new byte[(1 << 20) + 1]));
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(long_));
  }

  @Test
  void tooManyMembersAreRefused() throws Exception {
    TarFile tar = new TarFile().add("vm.ovf", OVF);
    for (int i = 0; i < 10_000; i++) {
      tar.add("x", new byte[0]);
    }
    assertRefused(ErrorCode.IMAGE_UNSUPPORTED, () -> open(ova(tar)));
  }

  private void assertCorrupt(TarFile tar) throws Exception {
    Path ova = ova(tar);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> open(ova));
  }

  private Path ova(TarFile tar) throws Exception {
    return Files.write(folder.resolve("a.ova"), tar.bytes());
  }

  private static void open(Path file) {
    VirtualDisks.open(file, OpenRules.foreign()).close();
  }
}
