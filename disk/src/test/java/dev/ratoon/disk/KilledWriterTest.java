package dev.ratoon.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.KilledWriter.Deed;
import dev.ratoon.disk.KilledWriter.Step;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.model.RatoonException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writers that are killed with SIGKILL, whatever they are doing, leave a disk that has everything
 * up to the last flush that they told of, and nothing but what was written later. More of them:
 * {@code -Dratoon.kills=1000}.
 */
class KilledWriterTest {
  private static final int KILLS = Integer.getInteger("ratoon.kills", 10);

  /** Writers of one disk are killed so often before another one is made. */
  private static final int KILLS_OF_A_DISK = 3;

  private static final int NEVER = -1;

  @TempDir(factory = InMemory.class)
  Path folder;

  @Test
  void aKilledWriterLeavesWhatItFlushedAndNothingThatItDidNotWrite() throws Exception {
    Random random = new Random(KILLS);
    int kills = 0;
    for (int i = 0; kills < KILLS; i++) {
      Disk disk = new Disk(folder.resolve("disk-" + i), i % KilledWriter.KINDS.size());
      for (int j = 0; j < KILLS_OF_A_DISK && kills < KILLS && disk.usable; j++) {
        kills++;
        disk.letBeKilled(kills, random);
        disk.check(kills);
      }
      Files.deleteIfExists(disk.file);
      Files.deleteIfExists(KilledWriter.parentOf(disk.file));
    }
  }

  /** A disk that writers are killed at, and what is known of its sectors. */
  private static final class Disk {
    private final Path file;
    private final int kind;

    /** What each sector was last found to be written with. */
    private final long[] tags = new long[2 * KilledWriter.HALF_SECTORS];

    /** The last step of each half that the last writer told of. */
    private final int[] told = {NEVER, NEVER};

    private boolean flushed;
    private boolean usable = true;

    Disk(Path file, int kind) {
      this.file = file;
      this.kind = kind;
      KilledWriter.KINDS.get(kind).makeParent(file);
      Arrays.setAll(tags, KilledWriter.KINDS.get(kind)::firstTag);
    }

    /** Lets a process write for a while. */
    void letBeKilled(int seed, Random random) throws Exception {
      Arrays.fill(told, NEVER);
      int flushes = random.nextInt(5) == 0 ? 0 : 1 + random.nextInt(150);
      int micros = random.nextInt(flushes == 0 ? 400_000 : 3000);
      Process process = start(seed);
      try (BufferedReader lines = process.inputReader()) {
        for (int i = 0; i < flushes; i++) {
          hear(lines.readLine());
        }
        process.waitFor(micros, TimeUnit.MICROSECONDS);
        // Not by the process itself, which would close what it has told and we did not yet hear.
        process.toHandle().destroyForcibly();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          hear(line);
        }
      } finally {
        process.destroyForcibly().waitFor();
      }
    }

    private void hear(String line) {
      assertThat(line).as("the writer ended by itself").isNotNull();
      String[] words = line.split(" ");
      told[Integer.parseInt(words[0])] = Integer.parseInt(words[1]);
      flushed = true;
    }

    private Process start(int seed) throws IOException {
      return new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "--enable-native-access=ALL-UNNAMED",
              "--sun-misc-unsafe-memory-access=allow",
              "-XX:TieredStopAtLevel=1",
              "-XX:+UseSerialGC",
              "-Xshare:auto",
              "-cp",
              System.getProperty("java.class.path"),
              KilledWriter.class.getName(),
              file.toString(),
              Integer.toString(kind),
              Integer.toString(seed))
          .redirectError(ProcessBuilder.Redirect.INHERIT)
          .start();
    }

    void check(int seed) throws IOException {
      CreateOptions options = KilledWriter.KINDS.get(kind).options();
      String what = KilledWriter.KINDS.get(kind) + ", kill " + seed;
      if (!Files.exists(file)) {
        assertThat(flushed).as(what).isFalse();
        return;
      }
      try (VirtualDisk disk = VirtualDisks.open(file, options.format(), KilledWriter.RULES)) {
        byte[] content = Contents.read(disk);
        checkHalf(0, seed, content, what);
        checkHalf(1, seed, content, what);
        assertThat(disk.top().examine())
            .as(what)
            .extracting(Finding::severity)
            .doesNotContain(Finding.Severity.ERROR);
        try (WritableDisk again =
            VirtualDisks.openWritable(file, options.format(), KilledWriter.RULES)) {
          assertThat(Contents.read(again)).as(what).isEqualTo(content);
        }
      } catch (RatoonException refusal) {
        assertThat(flushed).as(what + ": " + refusal.getMessage()).isFalse();
        usable = false;
      }
    }

    private void checkHalf(int half, int seed, byte[] content, String what) {
      int number = 0;
      for (; number <= told[half]; number++) {
        Step step = Step.of(seed, half, number);
        if (step.deed() != Deed.FLUSH) {
          Arrays.fill(tags, step.first(), step.first() + step.sectors(), step.tag());
        }
      }
      // It may have come as far as to the next flush, of which it would have told.
      List<Step> maybe = new ArrayList<>();
      Step step = Step.of(seed, half, number);
      while (step.deed() != Deed.FLUSH) {
        maybe.add(step);
        number++;
        step = Step.of(seed, half, number);
      }
      int first = half * KilledWriter.HALF_SECTORS;
      for (int sector = first; sector < first + KilledWriter.HALF_SECTORS; sector++) {
        tags[sector] = tagOf(sector, content, maybe, what);
      }
    }

    /** What a sector was written with: what it was known to be, or a later step. */
    private long tagOf(int sector, byte[] content, List<Step> maybe, String what) {
      if (is(content, sector, tags[sector])) {
        return tags[sector];
      }
      return maybe.stream()
          .filter(step -> step.first() <= sector && sector < step.first() + step.sectors())
          .map(Step::tag)
          .filter(tag -> is(content, sector, tag))
          .findFirst()
          .orElseThrow(
              () -> new AssertionError(what + ": sector " + sector + " is neither old nor new"));
    }

    private static boolean is(byte[] content, int sector, long tag) {
      int from = sector * KilledWriter.SECTOR;
      byte[] expected = KilledWriter.content(tag, sector);
      return Arrays.equals(
          content, from, from + KilledWriter.SECTOR, expected, 0, KilledWriter.SECTOR);
    }
  }
}
