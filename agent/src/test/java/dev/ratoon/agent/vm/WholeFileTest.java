package dev.ratoon.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ratoon.agent.hypervisor.FileOwner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  private static final FileOwner SOMEBODY = new FileOwner(64_055, 64_056);
  private static final int ROOT = 0;

  @TempDir Path work;
  private Path from;
  private Path to;

  @BeforeEach
  void write() throws IOException {
    byte[] content = new byte[3 << 20];
    new Random(1).nextBytes(content);
    from = Files.write(work.resolve("from"), content);
    to = work.resolve("to");
  }

  @Test
  void nobodyElseCanReadTheCopyWhileItIsMade() throws IOException {
    FileOwner us =
        new FileOwner(
            (int) Files.getAttribute(from, "unix:uid"), (int) Files.getAttribute(from, "unix:gid"));
    List<String> seen = new ArrayList<>();

    WholeFile.copy(from, to, us, (done, total) -> seen.add(permissions()));

    assertThat(seen).hasSize(3).containsOnly("rw-------");
    assertThat(permissions()).isEqualTo("rw-------");
    assertThat(to).hasSameBinaryContentAs(from);
  }

  @Test
  void itIsItsOwnersFromTheBeginning() throws IOException {
    assumeThat(Files.getAttribute(from, "unix:uid")).isEqualTo(ROOT);
    List<FileOwner> seen = new ArrayList<>();

    WholeFile.copy(from, to, SOMEBODY, (done, total) -> seen.add(owner()));

    assertThat(seen).hasSize(3).containsOnly(SOMEBODY);
    assertThat(to).hasSameBinaryContentAs(from);
  }

  private String permissions() {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(to));
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  private FileOwner owner() {
    try {
      return new FileOwner(
          (int) Files.getAttribute(to, "unix:uid"), (int) Files.getAttribute(to, "unix:gid"));
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }
}
