package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Decoders are lent to one at a time, used again, and closed once nobody needs them. */
class DecoderPoolTest {
  private final List<Fake> made = new ArrayList<>();
  private final DecoderPool<Fake> pool = new DecoderPool<>(this::make);

  private Fake make() {
    Fake fake = new Fake();
    made.add(fake);
    return fake;
  }

  @Test
  void whoIsLentIsNotLentAgain() {
    Fake first = pool.take(1);
    Fake second = pool.take(1);
    assertThat(second).isNotSameAs(first);
    pool.give(first);
    assertThat(pool.take(2)).isSameAs(first);
    assertThat(pool.take(2)).isNotSameAs(first);
    assertThat(made).hasSize(3);
  }

  @Test
  void theOneThatHasTheBlockIsLent() {
    List<Fake> lent = List.of(pool.take(0), pool.take(0), pool.take(0));
    for (int i = 0; i < 3; i++) {
      lent.get(i).block = i;
      pool.give(lent.get(i));
    }
    assertThat(pool.take(1)).isSameAs(lent.get(1));
    // Nobody has it: the one that has not been used for longest forgets its block for it.
    assertThat(pool.take(9)).isSameAs(lent.get(0));
    assertThat(pool.take(2)).isSameAs(lent.get(2));
    assertThat(made).hasSize(3);
    assertThat(pool.take(1)).as("lent already").isNotIn(lent);
  }

  @Test
  void fewAreKept() {
    for (int i = 0; i < 10; i++) {
      pool.take(i);
    }
    made.forEach(pool::give);
    assertThat(made.stream().filter(fake -> fake.closed)).hasSize(2);
    pool.close();
    assertThat(made).allMatch(fake -> fake.closed);
  }

  @Test
  void whatComesBackAfterTheEndIsClosed() {
    Fake lent = pool.take(1);
    pool.close();
    assertThat(lent.closed).isFalse();
    pool.give(lent);
    assertThat(lent.closed).isTrue();
  }

  private static final class Fake implements DecoderPool.Decoder {
    private long block = -1;
    private boolean closed;

    @Override
    public boolean holds(long hostOffset) {
      return block == hostOffset;
    }

    @Override
    public void close() {
      assertThat(closed).as("closed twice").isFalse();
      closed = true;
    }
  }
}
