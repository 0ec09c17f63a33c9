package dev.ratoon.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.ratoon.disk.file.FileAbilities;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left when the plug is pulled or the disk is full. */
class CacheFaultTest {
  private static final int KILLS = Integer.getInteger("ratoon.kills", 8);
  private static final int LONGEST_RUN_MILLIS = 1500;

  @TempDir Path work;

  @AfterEach
  void clean() throws IOException {
    Images.makeDeletable(work);
  }

  @Test
  void anImportKilledAtAnyMomentLeavesAllOrNothing() throws Exception {
    Path home = work.resolve("cache");
    Path raw = Images.random(work.resolve("a.raw"), 64 << 20, 1);
    Random random = new Random(42);
    for (int i = 0; i < KILLS; i++) {
      Process importer = importer(home, raw);
      boolean ended = importer.waitFor(random.nextInt(LONGEST_RUN_MILLIS), TimeUnit.MILLISECONDS);
      importer.destroyForcibly().waitFor();
      try (Cache cache = Cache.open(home, 2, InstantSource.system())) {
        assertThat(home.resolve("incoming")).isEmptyDirectory();
        for (Replica replica : cache.replicas()) {
          Images.compare(raw, cache.use(replica.base().id()).path());
        }
        assertThat(ended && cache.replicas().isEmpty()).isFalse();
      }
    }
  }

  @Test
  void aCacheOnAFullDiskOpensAndItsBasesAreUsed() throws Exception {
    Path small = Files.createDirectory(work.resolve("small"));
    Images.run("mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", small.toString());
    try {
      Path raw = Images.random(work.resolve("a.raw"), 1 << 20, 1);
      DiskId id;
      try (Cache cache = Cache.open(small.resolve("cache"), 2, InstantSource.system())) {
        id = Images.importInto(cache, raw, (step, done, total) -> {}).diskId();
      }
      Images.run(
          "sh",
          "-c",
          "dd if=/dev/zero of="
              + small
              + "/filler bs=4k 2>/dev/null; test -s "
              + small
              + "/filler");

      try (Cache cache = Cache.open(small.resolve("cache"), 2, InstantSource.system())) {
        Images.compare(raw, cache.use(id).path());
        assertThat(cache.abilities()).isEqualTo(FileAbilities.NONE);
      }
      assertThat(small.resolve("cache/incoming")).isEmptyDirectory();
    } finally {
      Images.run("umount", small.toString());
    }
  }

  @Test
  void aFullDiskIsSaidInWordsAndLeavesNothing() throws Exception {
    Path small = Files.createDirectory(work.resolve("small"));
    Images.run("mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", small.toString());
    try {
      Path raw = Images.random(work.resolve("a.raw"), 32 << 20, 1);
      try (Cache cache = Cache.open(small.resolve("cache"), 2, InstantSource.system())) {
        assertThatThrownBy(() -> Images.importInto(cache, raw, (step, done, total) -> {}))
            .asInstanceOf(type(RatoonException.class))
            .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.DISK_FULL));
        assertThat(small.resolve("cache/incoming")).isEmptyDirectory();
        try (Stream<Path> files = Files.list(small.resolve("cache"))) {
          assertThat(files.filter(f -> f.toString().endsWith(".raw"))).isEmpty();
        }
      }
    } finally {
      Images.run("umount", small.toString());
    }
  }

  private static Process importer(Path home, Path file) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(
            java,
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            OneImport.class.getName(),
            home.toString(),
            file.toString())
        .inheritIO()
        .start();
  }

  /** The victim: imports one file and ends. */
  static final class OneImport {
    private OneImport() {}

    public static void main(String[] args) throws Exception {
      try (Cache cache = Cache.open(Path.of(args[0]), 2, InstantSource.system())) {
        Images.importInto(cache, Path.of(args[1]), (step, done, total) -> {});
      }
    }
  }
}
