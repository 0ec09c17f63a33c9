package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

final class NoiseTest {
  private static final int PIECE = Limits.PIECE_BYTES;

  @Test
  void noiseIsNoise() {
    long told = 0;
    for (int seed = 0; seed < 1000; seed++) {
      told += Noise.is(ByteBuffer.wrap(FakeBase.noise(PIECE, seed))) ? 1 : 0;
    }
    assertThat(told).isEqualTo(1000);
  }

  @Test
  void whatMayShrinkIsNot() {
    byte[] noise = FakeBase.noise(PIECE, 1);
    byte[] base64 = Arrays.copyOf(Base64.getEncoder().encode(noise), PIECE);
    byte[] halfNoise = noise.clone();
    Arrays.fill(halfNoise, 0, PIECE / 2, (byte) 7);
    byte[] column = new byte[PIECE];
    for (int i = 0; i < PIECE; i += 32) {
      column[i] = noise[i];
    }
    assertThat(Noise.is(ByteBuffer.wrap(new byte[PIECE]))).isFalse();
    assertThat(Noise.is(ByteBuffer.wrap(base64))).isFalse();
    assertThat(Noise.is(ByteBuffer.wrap(halfNoise))).isFalse();
    assertThat(Noise.is(ByteBuffer.wrap(column))).isFalse();
    assertThat(Noise.is(ByteBuffer.wrap(noise, 0, 4096))).isFalse();
  }

  @Test
  void onlyThePieceItselfIsLookedAt() {
    byte[] around = new byte[3 * PIECE];
    System.arraycopy(FakeBase.noise(PIECE, 1), 0, around, PIECE, PIECE);
    ByteBuffer sliced = ByteBuffer.wrap(around).slice(PIECE / 2, 2 * PIECE);
    assertThat(Noise.is(sliced.slice(PIECE / 2, PIECE))).isTrue();
    assertThat(Noise.is(sliced)).isFalse();
  }
}
