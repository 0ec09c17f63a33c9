package dev.ratoon.disk.vhdx;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Whatever is changed in a VHDX, reading it ends in data or in a refusal. A sound file has several
 * MiB, so an input describes changes of one: a byte that chooses the file and says whether
 * checksums are made right afterwards, then changes, each of them a place, two bytes for an offset
 * from there, a length, and the bytes. In an ordinary build the known inputs are tried again;
 * docs/formats/fuzzing.md says how to look for new ones.
 */
class VhdxFuzzTest {
  private static final long[] PLACES = {
    0,
    VhdxBytes.HEADER_1,
    VhdxBytes.HEADER_2,
    VhdxBytes.REGIONS_1,
    VhdxBytes.REGIONS_2,
    VhdxBytes.LOG,
    VhdxBytes.LOG + 8192,
    VhdxBytes.METADATA,
    VhdxBytes.ITEMS,
    VhdxBytes.BAT,
    VhdxBytes.BAT + 4096 * 8,
    4 << 20,
  };

  private static SparseBytes[] templates = new SparseBytes[0];
  private static Path folder = Path.of("");

  @BeforeAll
  static void makeTemplates() throws IOException {
    folder = MemoryFolder.create();
    templates =
        new SparseBytes[] {
          VhdxTemplates.dynamic(folder), VhdxTemplates.child(folder), VhdxTemplates.logged(folder),
        };
  }

  @FuzzTest(maxDuration = "5m")
  void anyChangesEndInDataOrARefusal(byte[] changes) throws IOException {
    if (changes.length == 0) {
      return;
    }
    Path file = folder.resolve("fuzzed");
    ByteBuffer input = ByteBuffer.wrap(changes);
    int choice = input.get();
    templates[(choice & 0x7f) % templates.length].writeTo(file);
    VhdxBytes bytes = new VhdxBytes(file);
    while (input.remaining() >= 4) {
      apply(input, bytes);
    }
    if (choice >= 0) {
      bytes.seal();
      bytes.sealLog();
    }
    VhdxProbe.readAll(file);
  }

  private static void apply(ByteBuffer input, VhdxBytes file) {
    int place = input.get() & 0xff;
    int offset = input.getShort() & 0xffff;
    int length = input.get() & 0x3f;
    if (place >= PLACES.length) {
      file.cut((long) offset << 8);
      return;
    }
    byte[] content = new byte[Math.min(length, input.remaining())];
    input.get(content);
    file.put(PLACES[place] + offset, content);
  }

  @AfterAll
  static void cleanUp() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
