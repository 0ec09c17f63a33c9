package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CrashLog;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Scribble;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A writer that dies after any of its writes, and a host that loses power, having done any part of
 * what was not forced: the file opens, has all that was flushed, and of what came later each sector
 * is old or new. More of it: {@code -Dratoon.crashes=3000}.
 */
class Qcow2CrashTest {
  private static final OpenRules.Chain RULES = OpenRules.chain(8);
  private static final int SEEDS = Integer.getInteger("ratoon.crashes", 20);
  private static final int SECTOR = 512;
  private static final int NEVER = -1;

  @TempDir(factory = InMemory.class)
  Path folder;

  /** What a guest saw after each operation, and how much had been done to the file by then. */
  private record History(
      CrashLog log, List<byte[]> states, List<Integer> ends, List<Integer> flushes) {}

  @Test
  void newFiles() throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      CreateOptions.Qcow2 options = options(random);
      int size = SECTOR * (1 + random.nextInt(600));
      byte[] content = random.nextBoolean() ? new byte[size] : Contents.mixed(seed, size);
      Optional<Path> parent =
          Arrays.equals(content, new byte[size])
              ? Optional.empty()
              : Optional.of(Contents.raw(folder.resolve("base-" + seed), content));
      Path file = folder.resolve("new-" + seed);
      CrashLog log = new CrashLog(new byte[0]);
      ImageFile watched = ImageFile.create(file).observedBy(log);
      Optional<Backing> backing = parent.map(path -> new Backing(path, DiskFormat.RAW));
      WritableLayer layer = Qcow2Writer.create(watched, size, backing, options);
      History history = run(layer, log, content, parent, NEVER, random);
      crashes(history, random, "%d %s".formatted(seed, options));
    }
  }

  @Test
  void filesThatExistedBefore() throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      CreateOptions.Qcow2 options = options(random);
      byte[] content = new byte[SECTOR * (1 + random.nextInt(600))];
      Path file = folder.resolve("old-" + seed);
      try (WritableDisk disk =
          VirtualDisks.create(file, content.length, Optional.empty(), options)) {
        new Scribble(disk, content, random).times(10);
      }
      CrashLog log = new CrashLog(Files.readAllBytes(file));
      WritableLayer layer = Qcow2Writer.openWritable(ImageFile.openWritable(file).observedBy(log));
      History history = run(layer, log, content, Optional.empty(), 0, random);
      crashes(history, random, "%d %s".formatted(seed, options));
    }
  }

  /** Does random things to a disk, and closes it. */
  private static History run(
      WritableLayer layer,
      CrashLog log,
      byte[] content,
      Optional<Path> parent,
      int firstFlush,
      Random random)
      throws Exception {
    List<byte[]> states = new ArrayList<>(List.of(content.clone()));
    List<Integer> ends = new ArrayList<>(List.of(log.size()));
    List<Integer> flushes = new ArrayList<>(firstFlush == NEVER ? List.of() : List.of(firstFlush));
    byte[] base = parent.isPresent() ? content.clone() : new byte[content.length];
    WritableLayer.Below below = (at, target) -> target.put(base, (int) at, target.remaining());
    byte[] now = content.clone();
    for (int i = 0; i < 25; i++) {
      int from = random.nextInt(now.length / SECTOR) * SECTOR;
      int length =
          Math.min(now.length - from, SECTOR * (1 + random.nextInt(1 << random.nextInt(10))));
      switch (random.nextInt(6)) {
        case 0 -> {
          layer.flush();
          flushes.add(states.size());
        }
        case 1 -> {
          layer.zero(from, length, below);
          Arrays.fill(now, from, from + length, (byte) 0);
        }
        default -> {
          byte[] bytes = new byte[length];
          if (random.nextBoolean()) {
            random.nextBytes(bytes);
          } else {
            Arrays.fill(bytes, (byte) random.nextInt());
          }
          layer.write(from, ByteBuffer.wrap(bytes), below);
          System.arraycopy(bytes, 0, now, from, length);
        }
      }
      states.add(now.clone());
      ends.add(log.size());
    }
    layer.close();
    states.add(now.clone());
    ends.add(log.size());
    return new History(log, states, ends, flushes);
  }

  private void crashes(History history, Random random, String what) throws Exception {
    int all = history.log().size();
    for (int i = 0; i < 24; i++) {
      int done = i == 0 ? all : random.nextInt(all + 1);
      boolean power = i % 3 != 0;
      byte[] left =
          power ? history.log().afterPowerLoss(done, random) : history.log().afterKill(done);
      Path file = folder.resolve("left");
      Files.write(file, left);
      check(
          history,
          done,
          file,
          random,
          power,
          what + (power ? ", power lost" : ", killed") + " at " + done);
    }
  }

  private static void check(
      History history, int done, Path file, Random random, boolean power, String what) {
    int last = 0;
    while (last < history.ends().size() - 1 && history.ends().get(last) < done) {
      last++;
    }
    int flushed =
        history.flushes().stream()
            .filter(op -> history.ends().get(op) <= done)
            .mapToInt(op -> op)
            .max()
            .orElse(NEVER);
    try {
      byte[] content = read(file);
      assertOldOrNew(history.states().subList(Math.max(flushed, 0), last + 1), content, what);
      if (power && flushed == NEVER) {
        return; // It may lack what only writers need.
      }
      assertCounted(file, what);
      if (random.nextInt(3) == 0) {
        goOn(file, content, random, what);
      }
    } catch (RatoonException refusal) {
      assertThat(flushed).as(what + refusal.getMessage()).isEqualTo(NEVER);
    }
  }

  private static byte[] read(Path file) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      return Contents.read(disk);
    }
  }

  private static void assertCounted(Path file, String what) {
    try (VirtualDisk disk = VirtualDisks.open(file, DiskFormat.QCOW2, RULES)) {
      assertThat(disk.top().examine())
          .as(what)
          .extracting(Finding::severity)
          .doesNotContain(Finding.Severity.ERROR);
    }
  }

  private static void assertOldOrNew(List<byte[]> states, byte[] content, String what) {
    for (int at = 0; at < content.length; at += SECTOR) {
      int from = at;
      assertThat(states)
          .as(what + ", sector " + at / SECTOR)
          .anyMatch(
              state -> Arrays.equals(state, from, from + SECTOR, content, from, from + SECTOR));
    }
  }

  /** Another writer finds nothing that leads it astray. */
  private static void goOn(Path file, byte[] content, Random random, String what) {
    try (WritableDisk disk = VirtualDisks.openWritable(file, DiskFormat.QCOW2, RULES)) {
      new Scribble(disk, content, random).times(6);
    }
    assertThat(read(file)).as(what).isEqualTo(content);
    assertCounted(file, what);
  }

  private static CreateOptions.Qcow2 options(Random random) {
    boolean extended = random.nextInt(3) == 0;
    int bits = random.nextInt(extended ? 14 : 9, extended ? 16 : 14);
    return new CreateOptions.Qcow2(1 << bits, extended, random.nextInt(3) == 0);
  }
}
