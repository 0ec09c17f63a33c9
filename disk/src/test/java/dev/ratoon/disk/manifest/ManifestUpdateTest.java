package dev.ratoon.disk.manifest;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.ChunkSet;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hashing what has changed gives what hashing everything gives. */
class ManifestUpdateTest {
  private static final OpenRules.Chain ALONE = OpenRules.chain(1);

  @TempDir Path folder;

  @Test
  void anUpdateEqualsAFullHash() throws Exception {
    Random random = new Random(5);
    for (int round = 0; round < 12; round++) {
      int size = 512 * (1 + random.nextInt(6000));
      Path file = Contents.raw(folder.resolve("disk" + round), Contents.mixed(round, size));
      Manifest manifest = manifest(file);
      for (int session = 0; session < 3; session++) {
        byte[] before = encode(manifest);
        try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.RAW, ALONE)) {
          assertThat(disk.changed().isEmpty()).isTrue();
          write(disk, random);
          Manifest updated =
              Manifests.update(
                  manifest, disk, disk.changed(), 1 + random.nextInt(2), Progress.NONE);
          assertThat(updated).isEqualTo(manifest(file));
          assertThat(updated.dataChunks()).isEqualTo(manifest(file).dataChunks());
          assertThat(encode(manifest)).as("what was before").isEqualTo(before);
          manifest = updated;
        }
      }
    }
  }

  private static void write(WritableDisk disk, Random random) {
    for (int i = random.nextInt(8); i > 0; i--) {
      int offset = random.nextInt((int) disk.size());
      int length = 1 + random.nextInt(Math.min((int) disk.size() - offset, 200_000));
      switch (random.nextInt(3)) {
        case 0 -> disk.zero(offset, length);
        case 1 -> disk.write(offset, ByteBuffer.allocate(length));
        default -> {
          byte[] bytes = new byte[length];
          random.nextBytes(bytes);
          disk.write(offset, ByteBuffer.wrap(bytes));
        }
      }
    }
  }

  @Test
  void onlyWhatHasChangedIsRead() {
    byte[] content = Contents.mixed(3, 40 * Manifest.CHUNK_BYTES);
    Arrays.fill(content, 5 * Manifest.CHUNK_BYTES, 9 * Manifest.CHUNK_BYTES, (byte) 1);
    Manifest before = DiskAssert.manifest(content);
    ChunkSet changed = new ChunkSet(content.length);
    changed.addRange(7L * Manifest.CHUNK_BYTES + 5, 1);
    changed.addRange(20L * Manifest.CHUNK_BYTES, 2L * Manifest.CHUNK_BYTES);
    content[7 * Manifest.CHUNK_BYTES + 5] = 2;
    Counting disk = new Counting(content);
    AtomicLong progress = new AtomicLong();

    Manifest after = Manifests.update(before, disk, changed, 2, progress::addAndGet);

    assertThat(after).isEqualTo(DiskAssert.manifest(content));
    assertThat(disk.read).hasValue(3L * Manifest.CHUNK_BYTES);
    assertThat(progress).hasValue(content.length);
  }

  @Test
  void nothingIsReadIfNothingHasChanged() {
    byte[] content = Contents.mixed(3, 4 * Manifest.CHUNK_BYTES);
    Counting disk = new Counting(content);
    Manifest before = DiskAssert.manifest(content);
    Manifest after = Manifests.update(before, disk, new ChunkSet(content.length), 1, Progress.NONE);
    assertThat(after).isEqualTo(before);
    assertThat(disk.read).hasValue(0);
  }

  @Test
  void anotherSizeIsRefused() {
    Manifest before = DiskAssert.manifest(new byte[4 * Manifest.CHUNK_BYTES]);
    for (int size : new int[] {3 * Manifest.CHUNK_BYTES, 4 * Manifest.CHUNK_BYTES - 512}) {
      Counting disk = new Counting(new byte[size]);
      ChunkSet changed = new ChunkSet(4 * Manifest.CHUNK_BYTES);
      assertRefused(
          ErrorCode.INVALID_VALUE, () -> Manifests.update(before, disk, changed, 1, Progress.NONE));
    }
    Counting disk = new Counting(new byte[4 * Manifest.CHUNK_BYTES]);
    assertRefused(
        ErrorCode.INVALID_VALUE,
        () -> Manifests.update(before, disk, new ChunkSet(512), 1, Progress.NONE));
  }

  @Test
  void aNewDisksChangesAreWhatWasWrittenToIt() {
    long size = 1L << 40;
    try (WritableDisk disk =
        VirtualDisks.create(
            folder.resolve("new"), size, Optional.empty(), new CreateOptions.Raw())) {
      disk.write(1L << 39, ByteBuffer.allocate(1));
      disk.zero(65_535, 2);
      disk.zero(0, 0);
      disk.write(0, ByteBuffer.allocate(0));
      assertThat(disk.changed().count()).isEqualTo(3);
      assertThat(disk.changed().contains(0)).isTrue();
      assertThat(disk.changed().contains(1)).isTrue();
      assertThat(disk.changed().contains(1L << 23)).isTrue();
    }
  }

  @Test
  void whatCouldNotBeWrittenCountsAsChanged() throws Exception {
    Path file = Contents.raw(folder.resolve("disk"), new byte[1 << 20]);
    WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.RAW, ALONE);
    disk.close();
    assertRefused(ErrorCode.FILE_UNWRITABLE, () -> disk.write(70_000, ByteBuffer.allocate(1)));
    assertThat(disk.changed().next(0)).isEqualTo(1);
  }

  @Test
  void aBuilderMayTakeBackWhatItWasTold() {
    byte[] content = Contents.mixed(3, 3 * Manifest.CHUNK_BYTES + 512);
    Arrays.fill(content, 0, Manifest.CHUNK_BYTES, (byte) 1);
    Arrays.fill(content, content.length - 512, content.length, (byte) 2);
    Manifest before = DiskAssert.manifest(content);
    ManifestBuilder builder = new ManifestBuilder(before);
    builder.putZero(0);
    builder.put(3, Digests.ofZeros(512));
    Arrays.fill(content, 0, Manifest.CHUNK_BYTES, (byte) 0);
    Arrays.fill(content, content.length - 512, content.length, (byte) 0);
    assertThat(builder.build()).isEqualTo(DiskAssert.manifest(content));
    assertThat(new ManifestBuilder(before).build()).isEqualTo(before);
  }

  private static byte[] encode(Manifest manifest) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    manifest.write(out);
    return out.toByteArray();
  }

  private static Manifest manifest(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.RAW, OpenRules.chain(1))) {
      return Manifests.of(disk, 1, Progress.NONE);
    }
  }

  /** A disk in memory that counts what is read of it. */
  private static final class Counting implements VirtualDisk {
    final AtomicLong read = new AtomicLong();
    private final byte[] content;

    Counting(byte[] content) {
      this.content = content;
    }

    @Override
    public long size() {
      return content.length;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      read.addAndGet(target.remaining());
      target.put(content, (int) offset, target.remaining());
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      return new Extent(offset, limit - offset, Extent.Kind.DATA);
    }

    @Override
    public List<Layer> layers() {
      return List.of();
    }

    @Override
    public List<Path> files() {
      return List.of(Path.of("memory"));
    }

    @Override
    public void close() {}
  }
}
