package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PiecesTest {
  @Test
  void knowsTheShortLastPiece() {
    Pieces pieces = new Pieces(2L * Limits.PIECE_BYTES + 5000);
    assertThat(pieces.count()).isEqualTo(3);
    assertThat(pieces.bytes(1)).isEqualTo(Limits.PIECE_BYTES);
    assertThat(pieces.bytes(2)).isEqualTo(5000);
    assertThat(pieces.existing(2, Run.ALL_BLOCKS)).isEqualTo(0b11);
    assertThat(pieces.bytes(2, 0b10)).isEqualTo(904);
    assertThat(pieces.bytes(2, 0b100)).isZero();
    assertThat(new Pieces(0).count()).isZero();
    assertThat(new Pieces(Limits.DISK_BYTES).count()).isEqualTo(1 << 30);
  }

  @Test
  void countsTheBytesOfBlocksAsIfOneByOne() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      int length = 1 + random.nextInt(Limits.PIECE_BYTES);
      int blocks = random.nextInt(0x10000);
      int sum = 0;
      for (int offset = 0; offset < length; offset++) {
        if (((blocks >> (offset / Limits.BLOCK_BYTES)) & 1) == 1) {
          sum++;
        }
      }
      assertThat(new Pieces(length).bytes(0, blocks)).isEqualTo(sum);
    }
  }
}
