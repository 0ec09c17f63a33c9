package dev.ratoon.disk.vmdk;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.ratoon.disk.DiskProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;

/**
 * Any bytes at all, read as VMDK or OVA, end in data or in a refusal. In an ordinary build the
 * known inputs are tried again; docs/formats/fuzzing.md says how to look for new ones.
 */
class VmdkFuzzTest {
  private static final Path FILE = scratch();

  @FuzzTest(maxDuration = "5m")
  void anyBytesEndInDataOrARefusal(byte[] bytes) throws IOException {
    Files.write(FILE, bytes);
    DiskProbe.readAll(FILE);
  }

  @AfterAll
  static void cleanUp() throws IOException {
    Files.deleteIfExists(FILE);
  }

  private static Path scratch() {
    try {
      return Files.createTempFile("fuzz", ".vmdk");
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
