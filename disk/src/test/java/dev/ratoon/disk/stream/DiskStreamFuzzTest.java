package dev.ratoon.disk.stream;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.ratoon.model.RatoonException;

/**
 * Any bytes at all, taken for a disk stream, end in a disk or in a refusal. In an ordinary build
 * the known inputs are tried again; docs/formats/fuzzing.md says how to look for new ones.
 */
class DiskStreamFuzzTest {
  @FuzzTest(maxDuration = "5m")
  void anyBytesEndInADiskOrARefusal(byte[] bytes) {
    try {
      Streams.received(bytes);
    } catch (RatoonException refused) {
      // The sender's own problems among them, so any code may come.
    }
  }
}
