package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
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
    int length = pack(packer, new byte[CHUNK]);
    assertThat(length).isLessThan(100);
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

  private int pack(Packer packer, byte[] plain) {
    ByteBuffer packed = ByteBuffer.allocate(packer.maxPackedBytes());
    return packer.pack(history, ByteBuffer.wrap(plain), packed);
  }
}
