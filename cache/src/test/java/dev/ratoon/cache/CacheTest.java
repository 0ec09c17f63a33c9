package dev.ratoon.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheTest {
  private static final ImportProgress SILENT = (step, done, total) -> {};

  @TempDir Path work;
  private Path home;
  private Cache cache;

  @BeforeEach
  void open() {
    home = work.resolve("cache");
    cache = Cache.open(home, 2, InstantSource.system());
  }

  @AfterEach
  void close() throws IOException {
    cache.close();
    Images.makeDeletable(home);
  }

  @Test
  void theSameContentInTwoFormatsUnderTwoNamesIsStoredOnce() throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 8 << 20, 1);
    Path qcow2 = Images.convert(raw, work.resolve("b.qcow2"), "-c", "-o", "compression_type=zstd");

    Imported first = importFile(raw);
    Imported second = importFile(qcow2);

    assertThat(second.diskId()).isEqualTo(first.diskId());
    assertThat(first.alreadyThere()).isFalse();
    assertThat(second.alreadyThere()).isTrue();
    assertThat(List.of(first.sourceFormat(), second.sourceFormat()))
        .containsExactly("raw", "qcow2");
    assertThat(cache.replicas()).hasSize(1);
    assertThat(contents()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "vpc, force_size=on, vhd",
    "vhdx, subformat=dynamic, vhdx",
    "vmdk, subformat=monolithicSparse, vmdk",
    "vmdk, subformat=streamOptimized, vmdk"
  })
  void formatsOfOthersAreTheSameBase(String qemuName, String options, String word)
      throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 8 << 20, 1);
    Path other = work.resolve("b." + word);
    Images.run(
        "qemu-img",
        "convert",
        "-f",
        "raw",
        "-O",
        qemuName,
        "-o",
        options,
        raw.toString(),
        other.toString());

    Imported first = importFile(raw);
    Imported second = importFile(other);

    assertThat(second.diskId()).isEqualTo(first.diskId());
    assertThat(second.alreadyThere()).isTrue();
    assertThat(second.sourceFormat()).isEqualTo(word);
    assertThat(cache.replicas()).hasSize(1);
  }

  @Test
  void anOvaIsTheBaseOfItsDisk() throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 8 << 20, 1);
    Images.run(
        "qemu-img",
        "convert",
        "-f",
        "raw",
        "-O",
        "vmdk",
        "-o",
        "subformat=streamOptimized",
        raw.toString(),
        work.resolve("d.vmdk").toString());
    Files.writeString(work.resolve("d.ovf"), "<Envelope/>");
    Path ova = work.resolve("d.ova");
    Images.run(
        "tar", "--format=ustar", "-cf", ova.toString(), "-C", work.toString(), "d.ovf", "d.vmdk");

    assertThat(importFile(ova).diskId()).isEqualTo(importFile(raw).diskId());
  }

  @Test
  void aPublishedBaseIsWhatWasImportedAndNobodyCanWriteIt() throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 3 << 20, 2);

    Base base = cache.use(importFile(raw).diskId());

    Images.compare(raw, base.path());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(base.path())))
        .isEqualTo("r--r--r--");
    assertThat(ImmutableFlag.isSet(base.path())).isTrue();
    assertThatThrownBy(() -> FileChannel.open(base.path(), StandardOpenOption.WRITE))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> Files.delete(base.path())).isInstanceOf(IOException.class);
  }

  @Test
  void manyImportsOfOneContentAtOncePublishItOnce() throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 4 << 20, 3);
    try (var threads = Executors.newFixedThreadPool(6)) {
      Callable<Imported> one = () -> importFile(raw);
      List<Future<Imported>> all =
          threads.invokeAll(IntStream.range(0, 6).mapToObj(i -> one).toList());
      long fresh = 0;
      for (Future<Imported> f : all) {
        fresh += f.get().alreadyThere() ? 0 : 1;
      }
      assertThat(fresh).isEqualTo(1);
    }
    assertThat(contents()).hasSize(1);
    assertThat(incoming()).isEmpty();
  }

  @Test
  void aBaseAlteredBehindOurBackIsNotUsedAndAGoodCopyTakesItsPlace() throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 2 << 20, 4);
    DiskId id = importFile(raw).diskId();
    Path file = cache.use(id).path();
    Images.alter(file, 1 << 20);

    assertThat(cache.replicas()).extracting(Replica::state).containsExactly(ReplicaState.SUSPECT);
    assertThatThrownBy(() -> cache.use(id))
        .asInstanceOf(type(RatoonException.class))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED))
        .satisfies(e -> assertThat(e.problem().detail()).contains(file.toString()));

    assertThat(importFile(raw).alreadyThere()).isFalse();
    Images.compare(raw, cache.use(id).path());
    assertThat(asides()).hasSize(1);
  }

  @Test
  void aTouchedButUnalteredBaseIsFoundSoundByItsContent() throws Exception {
    DiskId id = importFile(Images.random(work.resolve("a.raw"), 2 << 20, 5)).diskId();
    Path file = cache.find(id).orElseThrow().path();
    ImmutableFlag.clear(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

    assertThat(cache.use(id).path()).isEqualTo(file);
    assertThat(cache.replicas()).extracting(Replica::state).containsExactly(ReplicaState.READY);
  }

  @Test
  void anAlterationThatHidesBehindSizeAndTimeIsStillNoticed() throws Exception {
    DiskId id = importFile(Images.random(work.resolve("a.raw"), 2 << 20, 6)).diskId();
    Path file = cache.use(id).path();
    var before = Files.getLastModifiedTime(file);
    Images.alter(file, 12_345);
    Files.setLastModifiedTime(file, before);

    assertThatThrownBy(() -> cache.use(id)).isInstanceOf(RatoonException.class);
  }

  @Test
  void anOverlayOfABaseIsReadWithThatBaseAlone() throws Exception {
    Base base = cache.use(importFile(Images.random(work.resolve("a.raw"), 2 << 20, 8)).diskId());
    Base other = cache.use(importFile(Images.random(work.resolve("b.raw"), 2 << 20, 9)).diskId());
    Path elsewhere = Files.copy(base.path(), work.resolve("elsewhere.raw"));
    OpenRules rules = OpenRules.chain(2, List.of(), cache.witness());

    VirtualDisks.open(overlay("right", base.path(), base.id()), rules).close();
    VirtualDisks.open(overlay("copy", elsewhere, base.id()), rules).close();
    try (VirtualDisk found =
        VirtualDisks.open(overlay("lost", work.resolve("gone"), base.id()), rules)) {
      assertThat(found.files()).last().isEqualTo(base.path());
    }
    Path wrong = overlay("wrong", other.path(), base.id());
    assertThatThrownBy(() -> VirtualDisks.open(wrong, rules))
        .hasMessageContaining("not its parent");
    Images.alter(base.path(), 12_345);
    assertThatThrownBy(() -> VirtualDisks.open(work.resolve("right"), rules))
        .hasMessageContaining(base.path().toString());
  }

  private Path overlay(String name, Path parent, DiskId id) {
    Path file = work.resolve(name);
    Qcow2Child.create(
        file,
        2 << 20,
        Optional.of(new Backing(parent, DiskFormat.RAW, Optional.empty(), Optional.of(id))),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    return file;
  }

  @Test
  void whatWasVerifiedStaysVerifiedAcrossRestarts() throws Exception {
    DiskId id = importFile(Images.random(work.resolve("a.raw"), 2 << 20, 7)).diskId();
    cache.close();
    cache = Cache.open(home, 2, InstantSource.system());

    assertThat(cache.replicas()).extracting(Replica::state).containsExactly(ReplicaState.READY);
    assertThat(cache.use(id).sizeBytes()).isEqualTo(2 << 20);
  }

  @Test
  void whatAnotherProcessHasIsRefused() {
    assertThatThrownBy(() -> Cache.open(home, 2, InstantSource.system()))
        .asInstanceOf(type(RatoonException.class))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.ALREADY_RUNNING));
  }

  @Test
  void aMissingBaseIsNamed() {
    assertThatThrownBy(() -> cache.use(new DiskId("0".repeat(64))))
        .asInstanceOf(type(RatoonException.class))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_MISSING));
  }

  @Test
  void aWholeCopyHasTheBasesContentAndTheWantedSize() throws Exception {
    Path raw = Images.random(work.resolve("a.raw"), 2 << 20, 8);
    DiskId id = importFile(raw).diskId();
    Path copy = work.resolve("copy.raw");

    long copied = cache.copyWhole(id, copy, 5 << 20, (done, total) -> {});

    assertThat(Files.size(copy)).isEqualTo(5 << 20);
    assertThat(copied).isBetween(1L << 20, 2L << 20);
    try (FileChannel c = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      c.truncate(2 << 20);
    }
    Images.compare(raw, copy);
  }

  @Test
  void badFilesAreRefusedUnderTheirOwnNameAndLeaveNothing() throws Exception {
    Path text = Files.writeString(work.resolve("letter.txt"), "Dear Ratoon,\n".repeat(200));
    Path hostile = work.resolve("hostile.qcow2");
    Images.run(
        "qemu-img",
        "create",
        "-q",
        "-u",
        "-f",
        "qcow2",
        "-b",
        "/etc/passwd",
        "-F",
        "raw",
        hostile.toString(),
        "1M");

    assertThatThrownBy(() -> importFile(text))
        .asInstanceOf(type(RatoonException.class))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.NOT_AN_IMAGE))
        .satisfies(e ->
            assertThat(e.problem().oneLine())
                .contains("letter.txt")
                .doesNotContain(home.toString()));
    assertThatThrownBy(() -> importFile(hostile))
        .asInstanceOf(type(RatoonException.class))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.IMAGE_REFERS_OUTSIDE));
    assertThat(incoming()).isEmpty();
    assertThat(cache.replicas()).isEmpty();
  }

  private Imported importFile(Path file) throws IOException {
    return Images.importInto(cache, file, SILENT);
  }

  private List<Path> contents() throws IOException {
    try (Stream<Path> files = Files.list(home)) {
      return files.filter(f -> f.toString().endsWith(".flat.raw")).toList();
    }
  }

  private List<Path> asides() throws IOException {
    try (Stream<Path> files = Files.list(home)) {
      return files.filter(f -> f.toString().contains(".altered-")).toList();
    }
  }

  private List<Path> incoming() throws IOException {
    try (Stream<Path> files = Files.list(home.resolve("incoming"))) {
      return files.toList();
    }
  }
}
