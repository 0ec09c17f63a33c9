package dev.ratoon.cache.share;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts as processes of their own, which fill one folder and are killed while they do. */
class KilledWriterTest {
  private static final int KILLS = Integer.getInteger("ratoon.kills", 2);
  private static final int BASE_BYTES = 24 << 20;
  private static final ShareTimes TIMES =
      new ShareTimes(
          Duration.ofSeconds(20), Duration.ofMillis(50), Duration.ofSeconds(2), Duration.ZERO);

  @TempDir Path work;

  @Test
  void writersThatAreKilledAtAnyMomentLeaveAllOrNothingAndTheOthersGoOn() throws Exception {
    Random random = new Random(20261125);
    for (int i = 0; i < KILLS; i++) {
      Path round = Files.createDirectories(work.resolve("round-" + i));
      try (SharedFolder folder = new SharedFolder(round, BASE_BYTES)) {
        List<Process> hosts = new ArrayList<>();
        try {
          Share reader = folder.host("reader", new MountedFiles(folder.root), TIMES);
          hosts.add(host(folder, "killed"));
          SharedFolder.await(() -> hasLease(folder) || reader.has(folder.id()));
          TimeUnit.MILLISECONDS.sleep(random.nextInt(120));
          hosts.getFirst().destroyForcibly().waitFor();
          assertAllOrNothing(folder);
          hosts.add(host(folder, "second"));
          hosts.add(host(folder, "third"));
          SharedFolder.await(() -> reader.has(folder.id()));
          assertAllOrNothing(folder);
          Base _ = reader.use(folder.id(), (done, total) -> {});
          SharedFolder.await(() -> isEmpty(folder));
        } finally {
          for (Process host : hosts) {
            host.destroyForcibly().waitFor();
          }
        }
      }
    }
  }

  private static boolean hasLease(SharedFolder folder) {
    try {
      return !folder.incoming().isEmpty();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static boolean isEmpty(SharedFolder folder) {
    return !hasLease(folder);
  }

  /** What is under the base's name is the base. */
  private static void assertAllOrNothing(SharedFolder folder) throws IOException {
    if (Files.exists(folder.content())) {
      assertThat(Files.mismatch(folder.content(), folder.raw)).isEqualTo(-1);
      assertThat(Manifest.read(folder.root.resolve(SharePaths.manifest(folder.id()))))
          .isEqualTo(folder.manifest);
    }
  }

  private static Process host(SharedFolder folder, String name) throws IOException {
    return new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            Writer.class.getName(),
            String.valueOf(folder.root.getParent()),
            name)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** A host that puts the base there, if nobody else does, until it is ended. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] args) throws Exception {
      SharedFolder folder = new SharedFolder(Path.of(args[0]), BASE_BYTES);
      Share host = folder.host(args[1], new MountedFiles(folder.root), TIMES);
      while (true) {
        if (host.claim(folder.id()) instanceof Claim.Taken(Lease lease)) {
          Optional<Problem> _ = folder.fill(host, lease).join();
        }
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
  }
}
