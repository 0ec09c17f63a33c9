package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

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
import java.nio.file.Files;
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
  private Path base;
  private Path disk;

  @ParameterizedTest
  @CsvSource({
    // seed, bytes of a sector, whether the disk has a parent, whether it is new
    "1, 512, false, false",
    "2, 512, true, false",
    "3, 4096, true, false",
    "4, 512, true, false",
    "5, 512, false, true",
    "6, 512, true, true",
    "7, 4096, true, true",
  })
  void everyCrashLeavesWhatWasFlushed(long seed, int sectorBytes, boolean child, boolean fresh)
      throws IOException {
    Random random = new Random(seed);
    base = folder.resolve("base.vhdx");
    disk = child ? folder.resolve("child.vhdx") : base;
    prepare(random, sectorBytes, child, fresh);
    byte[] start = fresh ? new byte[0] : Files.readAllBytes(disk);
    Optional<NativeId> identity = fresh ? Optional.empty() : identity();
    byte[] before = model.clone();
    Recording recording = new Recording(start);
    History history = new History(model);
    session(recording, history, random, sectorBytes, fresh);

    recording.crashes(
        random, 60, (count, file) -> check(file, history, count, fresh, identity, before));
  }

  private void prepare(Random random, int sectorBytes, boolean child, boolean fresh) {
    boolean baseIsNew = fresh && !child;
    if (!baseIsNew) {
      try (WritableDisk made = VhdxDisks.create(base, SIZE, VhdxDisks.dynamic(1, sectorBytes))) {
        changes(made, random, sectorBytes, 4);
      }
    }
    if (child && !fresh) {
      try (WritableDisk made =
          VhdxDisks.child(disk, base, SIZE, VhdxDisks.dynamic(1, sectorBytes))) {
        changes(made, random, sectorBytes, 3);
      }
    }
  }

  private void changes(WritableDisk made, Random random, int grain, int count) {
    for (int i = 0; i < count; i++) {
      VhdxDisks.change(made, model, random, grain);
    }
  }

  private Optional<NativeId> identity() {
    try (VirtualDisk opened = VhdxDisks.open(disk)) {
      return opened.top().nativeId();
    }
  }

  /** What a guest does until it closes its disk, recorded. */
  private void session(
      Recording recording, History history, Random random, int sectorBytes, boolean fresh)
      throws IOException {
    Files.deleteIfExists(folder.resolve("unused"));
    WritableLayer layer = opened(recording, sectorBytes, fresh);
    try (VirtualDisk below = disk.equals(base) ? null : VhdxDisks.open(base)) {
      WritableLayer.Below parent = below == null ? WritableLayer.Below.NOTHING : below::read;
      for (int i = 0; i < 14; i++) {
        change(layer, parent, recording, history, random, sectorBytes);
        if (random.nextInt(3) == 0) {
          layer.flush();
          history.flushed(recording.size(), model);
        }
      }
    }
    layer.close();
  }

  private WritableLayer opened(Recording recording, int sectorBytes, boolean fresh) {
    if (!fresh) {
      return VhdxWriter.openWritable(ImageFile.openWritable(disk).observedBy(recording));
    }
    ImageFile file = ImageFile.create(disk).observedBy(recording);
    Optional<dev.ratoon.disk.Backing> parent = Optional.empty();
    if (!disk.equals(base)) {
      try (VirtualDisk below = VhdxDisks.open(base)) {
        parent = Optional.of(VhdxDisks.backing(below));
      }
    }
    return VhdxWriter.create(file, SIZE, parent, VhdxDisks.dynamic(1, sectorBytes));
  }

  private void change(
      WritableLayer layer,
      WritableLayer.Below parent,
      Recording recording,
      History history,
      Random random,
      int grain) {
    int unit = random.nextInt(3) == 0 ? MIB : grain * 8;
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
      byte[] file,
      History history,
      int count,
      boolean fresh,
      Optional<NativeId> identity,
      byte[] before)
      throws IOException {
    write(file);
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
      assertThat(Arrays.mismatch(Files.readAllBytes(disk), file)).as("was read").isNegative();
    }
    VhdxDisks.openWritable(disk).close();
    try (VirtualDisk opened = VhdxDisks.open(disk)) {
      assertThat(Arrays.mismatch(read(opened), found)).as("after " + count).isNegative();
      assertThat(opened.top().examine())
          .as("after " + count)
          .allMatch(f -> f.severity() == Finding.Severity.LEAK && !f.what().contains("log"));
    }
  }

  /** Writes the file, with holes where it is zero: that is faster. */
  private void write(byte[] content) throws IOException {
    Files.deleteIfExists(disk);
    try (ImageFile file = ImageFile.create(disk)) {
      int step = 1 << 16;
      byte[] zeros = new byte[step];
      for (int at = 0; at < content.length; at += step) {
        int length = Math.min(step, content.length - at);
        if (!Arrays.equals(content, at, at + length, zeros, 0, length)) {
          file.write(at, ByteBuffer.wrap(content, at, length));
        }
      }
      if (content.length > 0) {
        file.setLength(content.length);
      }
    }
  }

  private static byte[] read(VirtualDisk opened) {
    byte[] content = new byte[(int) opened.size()];
    opened.read(0, ByteBuffer.wrap(content));
    return content;
  }
}
