package dev.ratoon.server.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.ratoon.cache.Cache;
import dev.ratoon.cache.ImportProgress;
import dev.ratoon.cache.Upload;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.DiskId;
import dev.ratoon.server.store.Database;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KinshipTest {
  private static final int BYTES = 8 << 20;

  @TempDir Path home;
  private Cache cache;
  private Database database;
  private Kinship kinship;

  @BeforeEach
  void open() {
    cache = Cache.open(home.resolve("cache"), 1, InstantSource.system());
    database = Database.open(home.resolve("ratoon.db"));
    kinship = new Kinship(database, cache);
  }

  @AfterEach
  void close() throws Exception {
    kinship.close();
    database.close();
    cache.close();
    try (Stream<Path> files = Files.walk(home.resolve("cache"))) {
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    }
  }

  @Test
  void whatOneBaseLacksWhereAnotherIsIsReckonedOnceForBothWays() throws Exception {
    byte[] old = random(1, BYTES);
    // A quarter is new, the rest has moved by some blocks.
    byte[] fresh = new byte[BYTES];
    System.arraycopy(old, 0, fresh, BYTES / 4, BYTES / 4 * 3);
    System.arraycopy(random(2, BYTES / 4), 0, fresh, 0, BYTES / 4);
    DiskId before = imported(old);
    kinship.reckonAll();
    DiskId after = imported(fresh);
    DiskId stranger = imported(random(3, BYTES));

    kinship.reckonAll();

    Map<DiskId, Map<DiskId, Long>> kin =
        database.read(tx -> tx.placement().kin(List.of(before, after, stranger)));
    assertThat(kin).containsOnlyKeys(before, after);
    assertThat(kin.getOrDefault(after, Map.of())).containsOnlyKeys(before);
    assertThat(kin.getOrDefault(after, Map.of()).get(before)).isCloseTo(BYTES / 4L, offset(4096L));
    assertThat(kin.getOrDefault(before, Map.of()).get(after)).isCloseTo(BYTES / 4L, offset(4096L));
    Set<DiskId> reckoned = database.read(tx -> tx.placement().reckoned());
    assertThat(reckoned).containsExactlyInAnyOrder(before, after, stranger);
  }

  private DiskId imported(byte[] content) throws Exception {
    try (Upload upload = cache.beginUpload()) {
      Files.write(upload.path(), Arrays.copyOf(content, content.length));
      return cache.importUpload(upload, "disk.raw", noProgress()).diskId();
    }
  }

  private static ImportProgress noProgress() {
    return (step, done, total) -> {};
  }

  private static byte[] random(int seed, int bytes) {
    byte[] content = new byte[bytes];
    new Random(seed).nextBytes(content);
    content[510] = 0x55;
    content[511] = (byte) 0xaa;
    return content;
  }
}
