package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PackerTest {
  private static final int CHUNK = Limits.PIECE_BYTES;
  private static final double SLOW_LINK = 1e9;
  private static final double FAST_LINK = 1e-9;

  private final PackingHistory history = new PackingHistory();

  @Test
  void packsOnASlowLinkAndNotOnAFastOne() {
    Packer packer = new Packer(Packing.WHERE_FASTER);
    assertThat(packer.pays(history, CHUNK, 0)).isFalse();
    assertThat(packer.pays(history, CHUNK, SLOW_LINK)).isTrue();
    assertThat(pack(packer, new byte[CHUNK])).isLessThan(100);
    assertThat(packer.pays(history, CHUNK, SLOW_LINK)).isTrue();
    assertThat(packer.pays(history, CHUNK, FAST_LINK)).isFalse();
  }

  @Test
  void measuresAgainNowAndThen() {
    Packer packer = new Packer(Packing.WHERE_FASTER);
    int _ = pack(packer, new byte[CHUNK]);
    int tries = 0;
    for (int i = 0; i < 1290; i++) {
      if (packer.pays(history, CHUNK, FAST_LINK)) {
        tries++;
      }
    }
    assertThat(tries).isEqualTo(10);
  }

  @Test
  void neverAndAlwaysMeanThat() {
    assertThat(new Packer(Packing.NEVER).pays(history, CHUNK, SLOW_LINK)).isFalse();
    assertThat(new Packer(Packing.WHERE_SMALLER).pays(history, CHUNK, FAST_LINK)).isTrue();
    assertThat(new Packer(Packing.WHERE_SMALLER).pays(history, 100, SLOW_LINK)).isFalse();
  }

  @Test
  void whatDoesNotShrinkIsTriedEverMoreRarely() {
    Packer packer = new Packer(Packing.WHERE_SMALLER);
    int tries = 0;
    for (int i = 0; i < 1000; i++) {
      if (packer.pays(history, CHUNK, SLOW_LINK)) {
        tries++;
        int _ = pack(packer, FakeBase.noise(CHUNK, i));
      }
    }
    assertThat(tries).isBetween(15, 30);
    while (!packer.pays(history, CHUNK, SLOW_LINK)) {
      // passed over
    }
    int _ = pack(packer, new byte[CHUNK]);
    assertThat(packer.pays(history, CHUNK, SLOW_LINK)).isTrue();
  }

  @Test
  void whoWouldRatherHaveFewBytesIsPackedForLongerButNoiseNotForEver() {
    history.ratherFew();
    Packer packer = new Packer(Packing.WHERE_FASTER);
    int tries = 0;
    int triesAtFirst = 0;
    for (int i = 0; i < 1000; i++) {
      if (packer.pays(history, CHUNK, FAST_LINK)) {
        tries++;
        triesAtFirst += i < 32 ? 1 : 0;
        int _ = pack(packer, FakeBase.noise(CHUNK, i));
      }
    }
    assertThat(triesAtFirst).isEqualTo(32);
    assertThat(tries).isBetween(215, 240);
  }

  @Test
  void aPieceThatIsLikeTheOneBeforeTakesNextToNothing() {
    try (Packer packer = new Packer(Packing.WHERE_SMALLER)) {
      byte[] noise = FakeBase.noise(CHUNK, 1);
      assertThat(pack(packer, new byte[CHUNK])).isLessThan(100);
      assertThat(pack(packer, noise)).isBetween(CHUNK, CHUNK + Limits.PACKING_BYTES);
      byte[] halfNoise = Arrays.copyOf(noise, CHUNK);
      Arrays.fill(halfNoise, 0, CHUNK / 2, (byte) 7);
      assertThat(pack(packer, halfNoise)).isLessThan(100);
    }
  }

  @Test
  void whoWouldRatherHaveFewBytesGetsThemOnAnyLink() {
    try (Packer packer = new Packer(Packing.WHERE_FASTER)) {
      history.ratherFew();
      assertThat(packer.pays(history, CHUNK, FAST_LINK)).isTrue();
      ByteBuffer few = ByteBuffer.allocate(CHUNK);
      assertThat(packer.pack(history, ByteBuffer.wrap(text()), few, FAST_LINK))
          .isEqualTo(Packed.BEGUN);
      try (Packer other = new Packer(Packing.WHERE_FASTER)) {
        ByteBuffer soon = ByteBuffer.allocate(CHUNK);
        ByteBuffer plain = ByteBuffer.wrap(text());
        assertThat(other.pack(new PackingHistory(), plain, soon, FAST_LINK))
            .isEqualTo(Packed.BEGUN);
        assertThat(few.limit()).isLessThan(soon.limit());
      }
    }
    assertThat(new Packer(Packing.NEVER).pays(history, CHUNK, SLOW_LINK)).isFalse();
  }

  @Test
  void theSlowerTheLinkTheHarderItPacks() {
    byte[] text = text();
    int before = CHUNK;
    for (double link : new double[] {1, 8, SLOW_LINK}) {
      try (Packer packer = new Packer(Packing.WHERE_FASTER)) {
        ByteBuffer packed = ByteBuffer.allocate(CHUNK);
        assertThat(packer.pack(history, ByteBuffer.wrap(text), packed, link))
            .isEqualTo(Packed.BEGUN);
        assertThat(packed.limit()).isLessThan(before);
        before = packed.limit();
      }
    }
  }

  /** Words of which there are few, at random. */
  private static byte[] text() {
    Random random = new Random(5);
    StringBuilder text = new StringBuilder();
    while (text.length() < CHUNK) {
      text.append(Integer.toString(random.nextInt(3000) * 7919, 36)).append(' ');
    }
    return text.substring(0, CHUNK).getBytes(StandardCharsets.US_ASCII);
  }

  private int pack(Packer packer, byte[] plain) {
    ByteBuffer packed = ByteBuffer.allocate(CHUNK + Limits.PACKING_BYTES);
    Packed _ = packer.pack(history, ByteBuffer.wrap(plain), packed, SLOW_LINK);
    return packed.limit();
  }
}
