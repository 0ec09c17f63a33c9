package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.compress.v3.zstd.ZstdCompressor;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A frame ends where RFC 8878 says, whatever lies behind it. */
class ZstdFrameTest {
  @ParameterizedTest
  @CsvSource({
    // Descriptor, bytes of the header behind it (window, dictionary id, content size), checksum.
    "00, 1, 0",
    "20, 1, 0",
    "04, 1, 4",
    "24, 1, 4",
    "01, 2, 0",
    "02, 3, 0",
    "03, 5, 0",
    "40, 3, 0",
    "60, 2, 0",
    "80, 5, 0",
    "a0, 4, 0",
    "c0, 9, 0",
    "e0, 8, 0",
    "e7, 12, 4",
    "27, 5, 4",
  })
  void theHeaderSaysHowLongItIs(String descriptor, int rest, int checksum) {
    // A raw block of 5 bytes, an RLE block of 1000, a compressed one of 7, which is the last.
    byte[] frame =
        bytes(
            "28b52ffd"
                + descriptor
                + "ff".repeat(rest)
                + "280000"
                + "11".repeat(5)
                + "421f00"
                + "22"
                + "3d0000"
                + "33".repeat(7)
                + "44".repeat(checksum));
    assertThat(ZstdFrame.length(frame, frame.length)).isEqualTo(frame.length);
    byte[] longer = Arrays.copyOf(frame, frame.length + 100);
    assertThat(ZstdFrame.length(longer, longer.length)).isEqualTo(frame.length);
    for (int limit = 0; limit < frame.length; limit++) {
      assertThat(ZstdFrame.length(longer, limit)).as("cut to %d", limit).isZero();
    }
  }

  @Test
  void blocksHaveUpTo128KiB() {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.writeBytes(bytes("28b52ffd0058"));
    // 131,072 bytes: 0x20000, shifted by 3, the last block, raw.
    frame.writeBytes(bytes("010010"));
    frame.writeBytes(new byte[1 << 17]);
    assertThat(ZstdFrame.length(frame.toByteArray(), frame.size())).isEqualTo(frame.size());
    assertThat(ZstdFrame.length(frame.toByteArray(), frame.size() - 1)).isZero();
  }

  @Test
  void whatIsNoFrameHasNoEnd() {
    byte[] frame = bytes("28b52ffd0058" + "010000");
    assertThat(ZstdFrame.length(frame, frame.length)).isEqualTo(9);
    frame[3] = 0;
    assertThat(ZstdFrame.length(frame, frame.length)).as("another magic number").isZero();
    byte[] reserved = bytes("28b52ffd0058" + "070000");
    assertThat(ZstdFrame.length(reserved, reserved.length)).as("a reserved block").isZero();
  }

  @Test
  void whatIsPackedHereEndsWhereItEnds() {
    byte[] plain = new byte[300_000];
    for (int i = 0; i < plain.length; i++) {
      plain[i] = (byte) ((i * i) >> 8);
    }
    ZstdCompressor compressor = ZstdCompressor.create();
    byte[] packed = new byte[compressor.maxCompressedLength(plain.length)];
    int length = compressor.compress(plain, 0, plain.length, packed, 0, packed.length);
    assertThat(ZstdFrame.length(packed, packed.length)).isEqualTo(length);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }
}
