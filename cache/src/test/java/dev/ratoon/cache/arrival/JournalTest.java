package dev.ratoon.cache.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  private static final DiskId ID = new DiskId("a1".repeat(32));
  private static final long CHUNKS = 10_000;
  private static final int BITS_OF_A_PAGE = 4032;

  @TempDir Path work;
  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = work.resolve("journal");
  }

  private Journal journal() {
    return new Journal(file, ID, CHUNKS);
  }

  private static Bits random(long seed) {
    Bits bits = new Bits(CHUNKS);
    new Random(seed).longs(3000, 0, CHUNKS).forEach(bits::set);
    return bits;
  }

  private static boolean same(Bits a, Bits b) {
    return a.count() == b.count()
        && java.util.stream.IntStream.range(0, a.words()).allMatch(i -> a.word(i) == b.word(i));
  }

  @Test
  void whatWasWrittenIsReadAgain() throws IOException {
    Journal journal = journal();
    Bits bits = random(1);
    journal.write(bits);
    assertThat(same(journal().read(), bits)).isTrue();
    bits.set(0);
    bits.set(CHUNKS - 1);
    bits.setAll(random(2));
    journal.write(bits);

    assertThat(same(journal().read(), bits)).isTrue();
    assertThat(Files.size(file)).isEqualTo(3 * 512);
  }

  @Test
  void onlyPagesThatChangeAreWritten() throws IOException {
    Journal journal = journal();
    Bits bits = new Bits(CHUNKS);
    bits.set(1);
    journal.write(bits);
    assertThat(Files.size(file)).isEqualTo(512);
    bits.set(BITS_OF_A_PAGE);
    Files.write(file, new byte[512]);
    journal.write(bits);

    Bits read = journal().read();
    assertThat(read.get(1)).isFalse();
    assertThat(read.get(BITS_OF_A_PAGE)).isTrue();
  }

  @Test
  void aTornPageSaysNothingAndTheOthersWhatTheySaid() throws IOException {
    Bits bits = random(3);
    journal().write(bits);
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(4);
    for (int i = 0; i < 300; i++) {
      byte[] torn = good.clone();
      int at = random.nextInt(torn.length);
      torn[at] ^= (byte) (1 + random.nextInt(255));
      Files.write(file, torn);
      Bits read = journal().read();
      for (long chunk = 0; chunk < CHUNKS; chunk++) {
        boolean harmed = chunk / BITS_OF_A_PAGE == at / 512;
        assertThat(read.get(chunk)).isEqualTo(!harmed && bits.get(chunk));
      }
    }
  }

  @Test
  void whatIsNoJournalSaysNothing() throws IOException {
    assertThat(journal().read().count()).isZero();
    Files.write(file, new byte[100]);
    assertThat(journal().read().count()).isZero();
    journal().write(random(5));
    assertThat(new Journal(file, new DiskId("b2".repeat(32)), CHUNKS).read().count()).isZero();
    byte[] moved = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOfRange(moved, 512, moved.length));
    assertThat(journal().read().count()).isZero();
  }

  @Test
  void bitsBehindTheEndAreNotRead() throws IOException {
    Bits all = new Bits(CHUNKS);
    for (long chunk = 0; chunk < CHUNKS; chunk++) {
      all.set(chunk);
    }
    journal().write(all);

    assertThat(new Journal(file, ID, 100).read().count()).isEqualTo(100);
  }
}
