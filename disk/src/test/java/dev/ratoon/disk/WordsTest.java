package dev.ratoon.disk;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Backing.Naming;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Qcow2;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.CreateOptions.Vhdx;
import dev.ratoon.model.ErrorCode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the words of this module let be said, and what they refuse. */
class WordsTest {
  @ParameterizedTest
  @CsvSource({
    // The sizes of a cluster or block that are taken, and the next ones that are not.
    "512, true",
    "256, false",
    "1024, true",
    "1536, false",
    "2097152, true",
    "4194304, false",
    "0, false",
    "-2147483648, false"
  })
  void clustersHaveASizeOfQcow2(int bytes, boolean taken) {
    assertTaken(taken, () -> new Qcow2(bytes, false, false));
  }

  @ParameterizedTest
  @CsvSource({"16384, true", "8192, false", "2097152, true", "4194304, false"})
  void clustersWithSubclustersAreLarger(int bytes, boolean taken) {
    assertTaken(taken, () -> new Qcow2(bytes, true, true));
  }

  @ParameterizedTest
  @CsvSource({
    "524288, true",
    "262144, false",
    "786432, false",
    "268435456, true",
    "536870912, false"
  })
  void blocksHaveASizeOfVhd(int bytes, boolean taken) {
    assertTaken(taken, () -> new Vhd(Allocation.DYNAMIC, bytes, Vhd.Sizing.EXACT));
  }

  @ParameterizedTest
  @CsvSource({
    "1048576, 512, true",
    "524288, 512, false",
    "268435456, 4096, true",
    "536870912, 512, false",
    "1048576, 1024, false",
    "1048576, 0, false",
    "1048576, 256, false"
  })
  void blocksAndSectorsHaveASizeOfVhdx(int block, int sector, boolean taken) {
    assertTaken(taken, () -> new Vhdx(Allocation.DYNAMIC, block, sector));
  }

  private static void assertTaken(boolean taken, Runnable making) {
    if (taken) {
      making.run();
    } else {
      assertRefused(ErrorCode.INVALID_VALUE, making::run);
    }
  }

  @Test
  void aClusterHasABitForEachDoubling() {
    assertThat(new Qcow2(512, false, false).clusterBits()).isEqualTo(9);
    assertThat(Qcow2.STANDARD.clusterBits()).isEqualTo(16);
  }

  @ParameterizedTest
  @EnumSource(names = "VMDK", mode = EnumSource.Mode.EXCLUDE)
  void everyFormatButVmdkIsMade(DiskFormat format) {
    assertThat(CreateOptions.standard(format).format()).isEqualTo(format);
    assertRefused(ErrorCode.INVALID_VALUE, () -> CreateOptions.standard(DiskFormat.VMDK));
  }

  @ParameterizedTest
  @EnumSource
  void aFormatIsFoundByItsNames(DiskFormat format) {
    assertThat(DiskFormat.named(format.word())).contains(format);
    assertThat(DiskFormat.find(format.qemuName())).contains(format);
  }

  @Test
  void qemuCallsAVhdVpc() {
    assertThat(DiskFormat.find("vpc")).contains(DiskFormat.VHD);
    assertThat(DiskFormat.find("vhd")).isEmpty();
    assertThat(DiskFormat.named("vhd")).contains(DiskFormat.VHD);
    assertThat(DiskFormat.named("vpc")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"1, true", "0, false", "256, true", "257, false", "-1, false"})
  void chainsHaveABound(int files, boolean taken) {
    assertTaken(taken, () -> OpenRules.chain(files));
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 1", "0, 9, 9", "8, 9, 9"})
  void aRangeLiesOnItsDisk(long offset, long limit, long size) {
    Limits.checkRange(offset, limit, size);
  }

  @ParameterizedTest
  @CsvSource({"-1, 1, 9", "0, 0, 9", "5, 4, 9", "0, 10, 9", "9, 9, 9"})
  void aRangeElsewhereIsRefused(long offset, long limit, long size) {
    assertThatThrownBy(() -> Limits.checkRange(offset, limit, size))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aParentIsNamedFromTheRootOrFromItsChild() {
    Path parent = Path.of("/bases/a.raw");
    Path child = Path.of("/vms/web/a.qcow2");
    assertThat(new Backing(parent, DiskFormat.RAW).nameFor(child)).isEqualTo(parent);
    Backing relative =
        new Backing(parent, DiskFormat.RAW, Optional.empty(), Optional.empty(), Naming.RELATIVE);
    assertThat(relative.nameFor(child)).isEqualTo(Path.of("../../bases/a.raw"));
    assertThat(relative.nameFor(Path.of("/bases/b.qcow2"))).isEqualTo(Path.of("a.raw"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.raw", "./a.raw", ""})
  void aParentsPathBeginsAtTheRoot(String path) {
    assertRefused(ErrorCode.INVALID_VALUE, () -> new Backing(Path.of(path), DiskFormat.RAW));
  }

  @Test
  void anIdMeansTheParentThatIsTheSame() {
    UUID one = new UUID(1, 1);
    UUID two = new UUID(2, 2);
    NativeId vhdx = new NativeId.Vhdx(one, two);
    // Which write of the parent decides, and nothing else.
    assertThat(vhdx.means(new NativeId.Vhdx(one, one))).isTrue();
    assertThat(vhdx.means(new NativeId.Vhdx(two, two))).isFalse();
    assertThat(vhdx.means(new NativeId.Vhd(one))).isFalse();
    assertThat(new NativeId.Vhd(one).means(new NativeId.Vhd(one))).isTrue();
    assertThat(new NativeId.Vhd(one).means(new NativeId.Vhd(two))).isFalse();
    assertThat(new NativeId.Vmdk(1).means(new NativeId.Vmdk(1))).isTrue();
    assertThat(new NativeId.Vmdk(1).means(vhdx)).isFalse();
  }

  @Test
  void idsAreShownAsTheirFormatsShowThem() {
    UUID one = new UUID(1, 1);
    assertThat(new NativeId.Vmdk(0xabc)).hasToString("00000abc");
    assertThat(new NativeId.Vhd(one)).hasToString(one.toString());
    assertThat(new NativeId.Vhdx(one, new UUID(2, 2)).toString())
        .isEqualTo(one + " of disk 00000000-0000-0002-0000-000000000002");
  }

  @Test
  void anExtentEndsBehindItsLastByte() {
    assertThat(new Extent(5, 7, Extent.Kind.DATA).end()).isEqualTo(12);
  }

  @Test
  void aStampIsOfOneInodeOfOneDevice() {
    FileStamp stamp = new FileStamp(1, 2, 3, Instant.EPOCH, Instant.EPOCH);
    assertThat(stamp.isOfSameFile(new FileStamp(1, 2, 9, Instant.MAX, Instant.MAX))).isTrue();
    assertThat(stamp.isOfSameFile(new FileStamp(9, 2, 3, Instant.EPOCH, Instant.EPOCH))).isFalse();
    assertThat(stamp.isOfSameFile(new FileStamp(1, 9, 3, Instant.EPOCH, Instant.EPOCH))).isFalse();
  }
}
