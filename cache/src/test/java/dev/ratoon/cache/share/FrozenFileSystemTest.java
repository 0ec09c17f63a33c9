package dev.ratoon.cache.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ratoon.cache.Base;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ShareState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real file system in the kernel that hangs whoever writes to it. */
class FrozenFileSystemTest {
  private static final long IMAGE_BYTES = 160 << 20;
  @TempDir Path work;
  private Path mount;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    Path image = work.resolve("file-system");
    mount = Files.createDirectories(work.resolve("share"));
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
    mounted =
        "root".equals(System.getProperty("user.name"))
            && run("mkfs.ext4", "-q", "-F", image.toString()) == 0
            && run("mount", "-o", "loop", image.toString(), mount.toString()) == 0;
    assumeThat(mounted).as("this machine lets us mount a file (as root)").isTrue();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      run("fsfreeze", "-u", mount.toString());
      int tries = 0;
      while (run("umount", mount.toString()) != 0 && tries++ < 100) {
        Thread.onSpinWait();
      }
    }
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String _ = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor();
  }

  @Test
  void aKernelThatHangsTheWriterHangsNobodyElse() throws Exception {
    try (SharedFolder folder = new SharedFolder(work)) {
      JumpingClock clock = new JumpingClock();
      Share one = folder.host("one", new MountedFiles(mount), SharedFolder.TIMES, clock);
      Lease lease = folder.lease(one);
      assertThat(run("fsfreeze", "-f", mount.toString())).isZero();
      var hung = folder.fill(one, lease);
      SharedFolder.await(() -> {
        clock.jump(Duration.ofMillis(100));
        return hung.isDone();
      });
      assertThat(hung.join().orElseThrow().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE);
      assertThat(one.state()).isEqualTo(ShareState.STALLED);
      assertThat(run("fsfreeze", "-u", mount.toString())).isZero();
      SharedFolder.await(() -> one.state() == ShareState.READY);
      SharedFolder.await(() ->
          one.claim(folder.id()) instanceof Claim.Taken(Lease again)
              && folder.fill(one, again).join().isEmpty());
      Base _ = one.use(folder.id(), (done, total) -> {});
    }
  }
}
