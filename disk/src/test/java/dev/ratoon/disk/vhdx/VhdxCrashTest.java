package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Wherever a writer is killed, and whatever of its writes the disk has when the power is lost, the
 * file reads as it should: what was flushed is there, every sector holds what was flushed or what
 * was written since.
 */
class VhdxCrashTest {
  private static final int SIZE = 3 * MIB + 8 * 4096;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final byte[] model = new byte[SIZE];
  private CreateOptions.Vhdx options = CreateOptions.Vhdx.STANDARD;
  private boolean flushes;
  private Random random = new Random(0);
  private Path base = Path.of("");
  private Path disk = Path.of("");

  @ParameterizedTest
  @CsvSource({
    // seed, MiB of a block, bytes of a sector, has it a parent, is it new, is it never flushed
    "1, 1, 512, false, false, false",
    "2, 1, 512, true, false, false",
    "3, 1, 4096, true, false, false",
    "4, 2, 512, true, false, false",
    "5, 1, 512, false, true, false",
    "6, 1, 512, true, true, false",
    "7, 2, 4096, true, true, true",
  })
  void everyCrashLeavesWhatWasFlushed(
      long seed, int blockMib, int sectorBytes, boolean child, boolean fresh, boolean unflushed)
      throws IOException {
    random = new Random(seed);
    options = VhdxDisks.dynamic(blockMib, sectorBytes);
    flushes = !unflushed;
    base = folder.resolve("base.vhdx");
    disk = child ? folder.resolve("child.vhdx") : base;
    prepare(child, fresh);
    SparseBytes start = fresh ? SparseBytes.empty() : SparseBytes.of(disk);
    Optional<NativeId> identity = fresh ? Optional.empty() : identity();
    byte[] before = model.clone();
    Recording recording = new Recording(start);
    History history = new History(model);
    session(recording, history, fresh);

    recording.crashes(
        random, 40, (count, file) -> check(file, history, count, fresh, identity, before));
  }

  private void prepare(boolean child, boolean fresh) {
    boolean baseIsNew = fresh && !child;
    if (!baseIsNew) {
      try (WritableDisk made = VhdxDisks.create(base, SIZE, options)) {
        changes(made, 4);
      }
    }
    if (child && !fresh) {
      try (WritableDisk made = VhdxDisks.child(disk, base, SIZE, options)) {
        changes(made, 3);
      }
    }
  }

  private void changes(WritableDisk made, int count) {
    for (int i = 0; i < count; i++) {
      VhdxDisks.change(made, model, random, options.sectorBytes());
    }
  }

  private Optional<NativeId> identity() {
    try (VirtualDisk opened = VhdxDisks.open(disk)) {
      return opened.top().nativeId();
    }
  }

  /** What a guest does until it closes its disk, recorded. */
  private void session(Recording recording, History history, boolean fresh) {
    WritableLayer layer = opened(recording, fresh);
    try (VirtualDisk below = disk.equals(base) ? null : VhdxDisks.open(base)) {
      WritableLayer.Below parent = below == null ? WritableLayer.Below.NOTHING : below::read;
      for (int i = 0; i < 14; i++) {
        change(layer, parent, recording, history);
        if (flushes && random.nextInt(3) == 0) {
          layer.flush();
          history.flushed(recording.size(), model);
        }
      }
    }
    layer.close();
  }

  private WritableLayer opened(Recording recording, boolean fresh) {
    if (!fresh) {
      return VhdxWriter.openWritable(ImageFile.openWritable(disk).observedBy(recording));
    }
    ImageFile file = ImageFile.create(disk).observedBy(recording);
    Optional<Backing> parent = Optional.empty();
    if (!disk.equals(base)) {
      try (VirtualDisk below = VhdxDisks.open(base)) {
        parent = Optional.of(VhdxDisks.backing(below));
      }
    }
    return VhdxWriter.create(file, SIZE, parent, options);
  }

  private void change(
      WritableLayer layer, WritableLayer.Below parent, Recording recording, History history) {
    int unit = random.nextInt(3) == 0 ? MIB : options.sectorBytes() * 8;
    int at = random.nextInt((SIZE + unit - 1) / unit) * unit;
    int length = Math.min(SIZE - at, unit * (1 + random.nextInt(unit == MIB ? 2 : 5)));
    byte[] content = new byte[length];
    int begun = recording.size();
    if (random.nextInt(4) == 0) {
      history.changed(begun, at, content);
      layer.zero(at, length, parent);
    } else {
      random.nextBytes(content);
      history.changed(begun, at, content);
      layer.write(at, ByteBuffer.wrap(content), parent);
    }
    System.arraycopy(content, 0, model, at, length);
  }

  private void check(
      SparseBytes file,
      History history,
      int count,
      boolean fresh,
      Optional<NativeId> identity,
      byte[] before)
      throws IOException {
    file.writeTo(disk);
    byte[] found;
    try (VirtualDisk opened = VhdxDisks.open(disk)) {
      found = read(opened);
      assertThat(history.wrong(count, found)).as("after " + count).isEmpty();
      if (identity.isPresent() && !Arrays.equals(found, before)) {
        assertThat(opened.top().nativeId()).as("after " + count).isNotEqualTo(identity);
      }
    } catch (RatoonException e) {
      assertThat(fresh && history.nothingFlushed(count)).as(e.getMessage()).isTrue();
      assertThat(e.problem().code())
          .isIn(ErrorCode.IMAGE_CORRUPT, ErrorCode.IMAGE_TRUNCATED, ErrorCode.NOT_AN_IMAGE);
      return;
    }
    if (count % 16 == 0) {
      assertThat(file.isIn(disk)).as("unchanged by reading").isTrue();
    }
    if (random.nextInt(40) == 0) {
      checkRepair(file, found);
    }
    VhdxDisks.openWritable(disk).close();
    try (VirtualDisk opened = VhdxDisks.open(disk)) {
      assertThat(Arrays.mismatch(read(opened), found)).as("after " + count).isNegative();
      assertThat(opened.top().examine())
          .as("after " + count)
          .allMatch(f -> f.severity() == Finding.Severity.LEAK && !f.what().contains("log"));
    }
  }

  /** A crash while the crash is repaired changes nothing either. */
  private void checkRepair(SparseBytes file, byte[] expected) throws IOException {
    Recording repair = new Recording(file);
    VhdxWriter.openWritable(ImageFile.openWritable(disk).observedBy(repair)).close();
    repair.crashes(
        random,
        10,
        (count, left) -> {
          left.writeTo(disk);
          try (VirtualDisk opened = VhdxDisks.open(disk)) {
            assertThat(Arrays.mismatch(read(opened), expected)).isNegative();
          }
        });
    file.writeTo(disk);
  }

  private static byte[] read(VirtualDisk opened) {
    byte[] content = new byte[(int) opened.size()];
    opened.read(0, ByteBuffer.wrap(content));
    return content;
  }
}
