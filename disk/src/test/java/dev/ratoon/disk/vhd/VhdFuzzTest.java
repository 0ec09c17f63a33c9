package dev.ratoon.disk.vhd;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.ratoon.disk.DiskProbe;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterAll;

/**
 * Any bytes at all, read as VHD, end in data or in a refusal. Bytes that begin like a dynamic file
 * are followed by a hole, so that small inputs can have blocks, which have 512 KiB at least.
 */
class VhdFuzzTest {
  private static final int HOLE_UNTIL = 4 << 20;
  private static final Path FILE = scratch();

  @FuzzTest(maxDuration = "5m")
  void anyBytesEndInDataOrARefusal(byte[] bytes) throws IOException {
    Files.write(FILE, bytes);
    if (bytes.length > 0 && bytes[0] == 'c') {
      try (FileChannel file = FileChannel.open(FILE, StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.allocate(1), HOLE_UNTIL - 1);
      }
    }
    DiskProbe.readAll(FILE);
  }

  @AfterAll
  static void cleanUp() throws IOException {
    Files.deleteIfExists(FILE);
  }

  private static Path scratch() {
    try {
      return Files.createTempFile("fuzz", ".vhd");
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
