package dev.ratoon.disk.copy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.copy.Difference.Part;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.ManifestBuilder;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every chunk is counted where it belongs, and what must be sent is counted once. */
class DifferenceTest {
  private static final int CHUNK = Manifest.CHUNK_BYTES;

  @Test
  void eachChunkIsInOnePart() {
    Difference difference = Difference.between(disk("abc..d"), disk(".bxaxyd"));
    assertThat(difference.zero()).isEqualTo(part(1));
    assertThat(difference.same()).isEqualTo(part(1));
    assertThat(difference.elsewhere()).isEqualTo(part(2));
    assertThat(difference.missing()).isEqualTo(part(3));
    assertThat(difference.transferBytes()).isEqualTo(2 * CHUNK);
  }

  @Test
  void nothingIsNeededOfTheSameDisk() {
    Difference difference = Difference.between(disk("ab.a"), disk("ab.a"));
    assertThat(difference.same()).isEqualTo(part(3));
    assertThat(difference.missing()).isEqualTo(part(0));
    assertThat(difference.transferBytes()).isZero();
  }

  @Test
  void aShortLastChunkCountsWithItsBytes() {
    byte[] content = new byte[CHUNK + 512];
    content[CHUNK] = 1;
    Difference difference = Difference.between(disk("a"), DiskAssert.manifest(content));
    assertThat(difference.missing()).isEqualTo(new Part(1, 512));
    assertThat(difference.zero()).isEqualTo(part(1));
    assertThat(difference.transferBytes()).isEqualTo(512);
    Difference empty = Difference.between(disk("a"), DiskAssert.manifest(new byte[CHUNK + 512]));
    assertThat(empty.zero()).isEqualTo(new Part(2, CHUNK + 512));
  }

  @Test
  void countsAsASetOfDigestsWould() {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      int[] present = random.ints(random.nextInt(1, 6000), 0, 4000).toArray();
      int[] wanted = random.ints(random.nextInt(1, 6000), 0, 8000).toArray();
      Difference difference = Difference.between(disk(present), disk(wanted));
      Set<Integer> known = new HashSet<>(Arrays.stream(present).boxed().toList());
      long same = 0;
      long elsewhere = 0;
      long missing = 0;
      Set<Integer> sent = new HashSet<>();
      for (int i = 0; i < wanted.length; i++) {
        if (wanted[i] == 0) {
          continue;
        }
        if (i < present.length && present[i] == wanted[i]) {
          same++;
        } else if (known.contains(wanted[i])) {
          elsewhere++;
        } else {
          missing++;
          sent.add(wanted[i]);
        }
      }
      assertThat(difference)
          .isEqualTo(
              new Difference(
                  part(wanted.length - same - elsewhere - missing),
                  part(same),
                  part(elsewhere),
                  part(missing),
                  (long) sent.size() * CHUNK));
    }
  }

  private static Part part(long chunks) {
    return new Part(chunks, chunks * CHUNK);
  }

  /** One chunk for each letter; a dot is a chunk of zeros. */
  private static Manifest disk(String chunks) {
    return disk(chunks.chars().map(c -> c == '.' ? 0 : c).toArray());
  }

  /** Of made-up digests; 0 is a chunk of zeros. */
  private static Manifest disk(int[] chunks) {
    ManifestBuilder builder = new ManifestBuilder((long) chunks.length * CHUNK);
    for (int i = 0; i < chunks.length; i++) {
      if (chunks[i] != 0) {
        byte[] number = ByteBuffer.allocate(4).putInt(chunks[i]).array();
        builder.put(i, Digests.sha256().digest(number));
      }
    }
    return builder.build();
  }
}
