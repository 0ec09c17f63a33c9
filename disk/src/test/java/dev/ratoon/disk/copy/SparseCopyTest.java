package dev.ratoon.disk.copy;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.ChunkChecksums;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ErrorCode;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies equal their source, keep its holes, and tell when they were altered. */
class SparseCopyTest {
  @TempDir Path folder;
  private byte[] content;
  private Path raw;
  private Path target;

  @BeforeEach
  void source() throws Exception {
    content = Contents.mixed(21, Contents.SIZE);
    raw = Contents.raw(folder.resolve("a.raw"), content);
    target = folder.resolve("copy.raw");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void aCopyHoldsTheSameAndHasItsIdentity(int threads) throws Exception {
    Path packed = folder.resolve("a.qcow2");
    Qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", raw, packed);
    LongAdder copied = new LongAdder();
    LongAdder hashed = new LongAdder();

    ChunkChecksums written = copy(packed, threads, copied::add);
    Manifest manifest;
    try (VirtualDisk copy = VirtualDisks.open(target, DiskFormat.RAW, OpenRules.foreign())) {
      manifest = Manifests.ofCopy(copy, written, threads, hashed::add);
    }

    assertThat(Arrays.mismatch(Files.readAllBytes(target), content)).isEqualTo(-1);
    assertThat(manifest).isEqualTo(DiskAssert.manifest(content));
    assertThat(copied.sum()).isEqualTo(content.length);
    assertThat(hashed.sum()).isEqualTo(content.length);
  }

  @Test
  void zerosBecomeHolesHoweverTheyWereStored() throws Exception {
    Path stored = folder.resolve("stored.raw");
    Files.write(stored, new byte[8 << 20]);
    copy(stored, 2, Progress.NONE);
    try (VirtualDisk copy = VirtualDisks.open(target, DiskFormat.RAW, OpenRules.foreign())) {
      assertThat(copy.extentAt(0)).isEqualTo(new Extent(0, 8 << 20, Extent.Kind.HOLE));
    }
  }

  @Test
  void anEmptyGiantTakesNoTime() {
    Path giant = folder.resolve("giant.qcow2");
    Qcow2Child.create(
        giant, 16L << 40, Optional.empty(), CreateOptions.Qcow2.STANDARD, Durability.BUFFERED);
    LongAdder seen = new LongAdder();
    try (VirtualDisk disk = VirtualDisks.open(giant, OpenRules.foreign())) {
      assertThat(Manifests.of(disk, 2, seen::add).dataChunks()).isZero();
    }
    assertThat(seen.sum()).isEqualTo(16L << 40);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1 << 20, Contents.SIZE - 1})
  void anAlteredCopyIsNoticed(int near) throws Exception {
    ChunkChecksums written = copy(raw, 2, Progress.NONE);
    int place = near;
    while (place > 0 && content[place] == 0) {
      place--;
    }
    put(place, (byte) (content[place] + 1));
    assertAltered(written);
  }

  @Test
  void aChunkThatGotLostOrAppearedIsNoticed() throws Exception {
    Manifest manifest = DiskAssert.manifest(content);
    ChunkChecksums written = copy(raw, 2, Progress.NONE);
    int data = (int) manifest.nextData(0) * Manifest.CHUNK_BYTES;
    try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
      file.seek(data);
      file.write(new byte[Manifest.CHUNK_BYTES]);
    }
    assertAltered(written);

    Files.delete(target);
    ChunkChecksums again = copy(raw, 2, Progress.NONE);
    int zero = 0;
    while (!manifest.isZero(zero)) {
      zero++;
    }
    put(zero * Manifest.CHUNK_BYTES + 77, (byte) 1);
    assertAltered(again);
  }

  @Test
  void whoListensCanCancelAndNothingIsLeft() {
    assertThatThrownBy(() ->
            copy(
                raw,
                2,
                _ -> {
                  throw new CancellationException("enough");
                }))
        .isInstanceOf(CancellationException.class);
    assertThat(target).doesNotExist();
  }

  @Test
  void aTakenNameIsLeftAsItIs() throws Exception {
    Files.writeString(target, "precious");
    assertRefused(ErrorCode.NAME_TAKEN, () -> copy(raw, 1, Progress.NONE));
    assertThat(target).hasContent("precious");
  }

  @Test
  void aFullFileSystemIsCalledSo() {
    // Writing to this device always fails with ENOSPC.
    Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/full")));
    assertRefused(
        ErrorCode.DISK_FULL,
        () -> {
          try (RandomAccessFile full = new RandomAccessFile("/dev/full", "rw")) {
            full.getChannel().write(ByteBuffer.allocate(1));
          } catch (java.io.IOException e) {
            throw Faults.unwritable(Path.of("/dev/full"), e);
          }
        });
  }

  @Test
  void anInterruptedReaderSaysSo() {
    try (VirtualDisk disk = VirtualDisks.open(raw, OpenRules.foreign())) {
      Thread.currentThread().interrupt();
      assertRefused(ErrorCode.INTERRUPTED, () -> Manifests.of(disk, 1, Progress.NONE));
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void manyThreadsReadOneDisk() throws Exception {
    Path packed = folder.resolve("a.qcow2");
    Qemu.img(
        "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd", raw, packed);
    try (VirtualDisk disk = VirtualDisks.open(packed, OpenRules.foreign())) {
      List<Thread> threads =
          java.util.stream.Stream.generate(() -> Thread.ofVirtual().unstarted(() -> check(disk)))
              .limit(12)
              .toList();
      List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
      for (Thread thread : threads) {
        thread.setUncaughtExceptionHandler((_, e) -> failures.add(e));
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failures).isEmpty();
    }
  }

  private void check(VirtualDisk disk) {
    assertThat(Arrays.mismatch(Contents.read(disk), content)).isEqualTo(-1);
  }

  private void assertAltered(ChunkChecksums written) {
    try (VirtualDisk copy = VirtualDisks.open(target, DiskFormat.RAW, OpenRules.foreign())) {
      assertRefused(
          ErrorCode.BASE_ALTERED, () -> Manifests.ofCopy(copy, written, 2, Progress.NONE));
    }
  }

  private void put(int place, byte value) throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
      file.seek(place);
      file.write(value);
    }
  }

  private ChunkChecksums copy(Path source, int threads, Progress progress) {
    try (VirtualDisk disk = VirtualDisks.open(source, OpenRules.foreign())) {
      return SparseCopy.copy(disk, target, Durability.SYNCED, threads, progress);
    }
  }
}
