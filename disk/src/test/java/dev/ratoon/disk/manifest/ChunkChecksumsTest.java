package dev.ratoon.disk.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** What was put for a chunk is what it has; all others are zero, the short last one too. */
class ChunkChecksumsTest {
  private static final long CHUNKS = 3 * Manifest.CHUNKS_PER_PAGE + 5;
  private static final long SIZE = (CHUNKS - 1) * Manifest.CHUNK_BYTES + 512;
  private static final int ZEROS = crc(new byte[Manifest.CHUNK_BYTES]);
  private static final int LAST_ZEROS = crc(new byte[512]);

  @Test
  void nothingIsPutYet() {
    ChunkChecksums checksums = new ChunkChecksums(SIZE);
    assertThat(checksums.size()).isEqualTo(SIZE);
    for (long chunk = 0; chunk < CHUNKS; chunk++) {
      assertThat(checksums.matchesZeros(chunk)).isTrue();
      assertThat(checksums.pageIsZero(chunk)).isTrue();
      assertThat(checksums.matches(chunk, zeros(chunk))).isTrue();
      assertThat(checksums.matches(chunk, zeros(chunk) + 1)).isFalse();
    }
  }

  @Test
  void eachChunkHasItsOwn() {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      ChunkChecksums checksums = new ChunkChecksums(SIZE);
      Map<Long, Integer> model = new HashMap<>();
      for (int i = random.nextInt(5); i >= 0; i--) {
        long chunk = random.nextLong(CHUNKS);
        checksums.put(chunk, i);
        model.put(chunk, i);
      }
      for (long chunk = 0; chunk < CHUNKS; chunk++) {
        int expected = model.getOrDefault(chunk, zeros(chunk));
        assertThat(checksums.matches(chunk, expected)).as("chunk %d", chunk).isTrue();
        assertThat(checksums.matches(chunk, expected + 1)).isFalse();
        assertThat(checksums.matchesZeros(chunk)).isEqualTo(!model.containsKey(chunk));
        long page = chunk / Manifest.CHUNKS_PER_PAGE;
        assertThat(checksums.pageIsZero(chunk))
            .isEqualTo(
                model.keySet().stream().noneMatch(put -> put / Manifest.CHUNKS_PER_PAGE == page));
      }
    }
  }

  @Test
  void whatIsZeroAgainIsZero() {
    ChunkChecksums checksums = new ChunkChecksums(SIZE);
    for (long chunk : new long[] {7, CHUNKS - 1}) {
      checksums.put(chunk, 1);
      checksums.put(chunk, zeros(chunk));
      assertThat(checksums.matchesZeros(chunk)).isTrue();
    }
  }

  /** Of the zeros that a chunk may have. */
  private static int zeros(long chunk) {
    return chunk == CHUNKS - 1 ? LAST_ZEROS : ZEROS;
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
