package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * TLS changes its keys in the middle of a connection after 128 GiB, which no test can wait for. A
 * JVM of its own is told to do it after 256 KiB.
 */
class KeyChangeTest {
  private static final int CHUNKS = 200;

  @TempDir Path folder;

  @Test
  void survivesManyChangesOfKeys() throws IOException, InterruptedException {
    Path security = folder.resolve("security.properties");
    Files.writeString(security, "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^18\n");
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.security.properties=" + security,
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(output, StandardCharsets.UTF_8)).endsWith("all arrived\n");
  }

  /** Brings a base over a connection. */
  static final class Main {
    private Main() {}

    public static void main(String[] ignored) {
      try (Link link = Link.usual()) {
        PeerStream stream = link.stream(FakeBase.endless(FakeBase.noise(1 << 20, 1), CHUNKS));
        Collected collected = new Collected();
        ChunkRequest _ =
            stream.request(Part.CONTENT, List.of(Run.of(0, CHUNKS)), Priority.DEPLOY, collected);
        assertThat(collected.complete()).hasSize(CHUNKS);
      }
      System.out.print("all arrived\n");
    }
  }
}
