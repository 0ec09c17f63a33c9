package dev.ratoon.disk.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Chains;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CrashLog;
import dev.ratoon.disk.CreateOptions.Allocation;
import dev.ratoon.disk.CreateOptions.Vhd;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A writer that dies after any of its writes, and a host that loses power, having done any part of
 * what was not forced: the file opens, has all that was flushed, and of what came later each sector
 * is old or new.
 */
class VhdCrashTest {
  private static final int SECTOR = 512;
  private static final int SIZE = 2000 * SECTOR;
  private static final Vhd SMALL_BLOCKS = new Vhd(Allocation.DYNAMIC, 1 << 19, Vhd.Sizing.EXACT);

  @TempDir(factory = InMemory.class)
  Path folder;

  private byte[] base;
  private Path root;
  private Path twin;

  /** What the disk held after a step, and how much had been done to the file by then. */
  private record Step(ByteBuffer content, int done, boolean flushed) {}

  @BeforeEach
  void makeParents() throws Exception {
    base = Contents.mixed(5, SIZE);
    root = folder.resolve("root.vhd");
    twin = folder.resolve("twin.vhd");
    for (Path file : List.of(root, twin)) {
      try (WritableDisk disk = Chains.create(file, SIZE, SMALL_BLOCKS)) {
        disk.write(0, ByteBuffer.wrap(base));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void children(long seed) throws Exception {
    Path file = folder.resolve("child.vhd");
    try (WritableDisk disk = Chains.child(file, root, SMALL_BLOCKS)) {
      disk.flush();
    }
    trial(file, base, seed, true);
  }

  @ParameterizedTest
  @ValueSource(longs = {7, 8, 9})
  void disksThatStandAlone(long seed) throws Exception {
    Path file = folder.resolve("alone.vhd");
    try (WritableDisk disk = Chains.create(file, SIZE, SMALL_BLOCKS)) {
      disk.flush();
    }
    trial(file, new byte[SIZE], seed, false);
  }

  private void trial(Path file, byte[] initial, long seed, boolean child) throws Exception {
    Random random = new Random(seed);
    CrashLog log = new CrashLog(Files.readAllBytes(file));
    List<Step> steps =
        new ArrayList<>(List.of(new Step(ByteBuffer.wrap(initial.clone()), 0, true)));
    WritableLayer layer = VhdLayer.openWritable(ImageFile.openWritable(file).observedBy(log));
    WritableLayer.Below below =
        (at, target) -> target.put(child ? base : new byte[SIZE], (int) at, target.remaining());
    byte[] now = initial.clone();
    for (int i = 0; i < 16; i++) {
      boolean flushed = step(layer, now, below, random, child);
      steps.add(new Step(ByteBuffer.wrap(now.clone()), log.size(), flushed));
    }
    layer.close();
    steps.add(new Step(ByteBuffer.wrap(now.clone()), log.size(), true));

    Path left = folder.resolve("left.vhd");
    for (int i = 0; i < 40; i++) {
      int done = random.nextInt(log.size() + 1);
      boolean power = i % 2 == 0;
      Files.write(left, power ? log.afterPowerLoss(done, random) : log.afterKill(done));
      check(
          left,
          steps,
          done,
          random,
          "seed %d, %s at %d".formatted(seed, power ? "power" : "kill", done));
    }
  }

  /** Does something to the layer and to {@code now}, its model; true if that was a flush. */
  private boolean step(
      WritableLayer layer, byte[] now, WritableLayer.Below below, Random random, boolean child) {
    int from = random.nextInt(SIZE);
    int length = Math.min(SIZE - from, 1 + random.nextInt(1 << (1 + random.nextInt(19))));
    switch (random.nextInt(child ? 7 : 6)) {
      case 0, 1 -> {
        layer.flush();
        return true;
      }
      case 2 -> {
        layer.zero(from, length, below);
        Arrays.fill(now, from, from + length, (byte) 0);
      }
      case 6 -> {
        layer.relink(backing(random.nextBoolean() ? root : twin));
        return true;
      }
      default -> {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        layer.write(from, ByteBuffer.wrap(bytes), below);
        System.arraycopy(bytes, 0, now, from, length);
      }
    }
    return false;
  }

  private static Backing backing(Path parent) {
    try (VirtualDisk disk = Chains.open(parent)) {
      return new Backing(parent, DiskFormat.VHD, disk.top().nativeId(), Optional.empty());
    }
  }

  private void check(Path left, List<Step> steps, int done, Random random, String what)
      throws Exception {
    int last = 0;
    while (last < steps.size() - 1 && steps.get(last).done() < done) {
      last++;
    }
    int flushed = last;
    while (!steps.get(flushed).flushed() || steps.get(flushed).done() > done) {
      flushed--;
    }
    List<ByteBuffer> allowed =
        steps.subList(flushed, last + 1).stream().map(Step::content).toList();
    byte[] found;
    try (VirtualDisk disk = Chains.open(left)) {
      found = Contents.read(disk);
      assertThat(disk.top().examine())
          .as(what)
          .allMatch(finding -> finding.severity() == Severity.LEAK);
    } catch (RatoonException torn) {
      // Half of a header, written when another parent was recorded: its checksum told.
      assertThat(torn.problem().code()).as(what + torn).isEqualTo(ErrorCode.IMAGE_CORRUPT);
      assertThat(torn.problem().detail()).as(what).contains("dynamic header is damaged");
      return;
    }
    assertOldOrNew(found, allowed, what);
    // Whoever goes on writing finds a sound file, and leaves one.
    try (WritableDisk disk = Chains.openWritable(left)) {
      Chains.change(disk, found, random, 100_000);
    }
    try (VirtualDisk disk = Chains.open(left)) {
      assertThat(Arrays.mismatch(Contents.read(disk), found)).as(what).isEqualTo(-1);
      assertThat(disk.top().examine()).as(what).isEmpty();
    }
  }

  private static void assertOldOrNew(byte[] found, List<ByteBuffer> allowed, String what) {
    for (int at = 0; at < found.length; at += SECTOR) {
      int from = at;
      ByteBuffer sector = ByteBuffer.wrap(found, at, SECTOR);
      assertThat(allowed)
          .as(what + ", sector " + at / SECTOR)
          .anyMatch(state -> state.slice(from, SECTOR).equals(sector));
    }
  }
}
