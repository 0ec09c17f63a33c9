package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.zstd.ZstdCompressor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UnpackingTest {
  private static final double SLOW_LINK = 1e9;

  private final PackingHistory history = new PackingHistory();
  private final Packer packer = new Packer(Packing.WHERE_SMALLER);
  private final Unpacking unpacking = new Unpacking();
  private final Random random = new Random(9);

  @AfterEach
  void close() {
    packer.close();
    unpacking.close();
  }

  @Test
  void everyPieceComesOutAsItWentInWhateverCameBefore() throws Exception {
    byte[] old = FakeBase.noise(Limits.PIECE_BYTES, 1);
    int continued = 0;
    for (int i = 0; i < 600; i++) {
      byte[] plain = Arrays.copyOf(old, 1 + random.nextInt(Limits.PIECE_BYTES));
      int from = random.nextInt(plain.length);
      Arrays.fill(plain, from, Math.min(plain.length, from + random.nextInt(30_000)), (byte) i);
      if (i % 50 == 0) {
        plain = FakeBase.noise(plain.length, i);
      }
      Frame.Data data = packed(plain);
      continued += data.packed() == Packed.CONTINUED ? 1 : 0;
      Frame.Data unpacked = unpacking.plain(data);
      assertThat(unpacked.packed()).isEqualTo(Packed.NOT);
      assertThat(unpacked.bytes()).isSameAs(data.bytes());
      assertThat(bytes(unpacked)).isEqualTo(plain);
    }
    assertThat(continued).isGreaterThan(400);
  }

  private Frame.Data packed(byte[] plain) {
    ByteBuffer target = ByteBuffer.allocate(Limits.PIECE_BYTES + Limits.PACKING_BYTES);
    Packed how = packer.pack(history, ByteBuffer.wrap(plain), target, SLOW_LINK);
    return data(how, Arrays.copyOf(target.array(), target.limit()));
  }

  /** In a buffer as frames are read into: there is something before the bytes. */
  private static Frame.Data data(Packed packed, byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(FrameCodec.MAX_DATA_LENGTH);
    buffer.position(11).put(bytes).flip().position(11);
    return new Frame.Data(1, 2, 3, packed, buffer);
  }

  private static byte[] bytes(Frame.Data data) {
    byte[] bytes = new byte[data.bytes().remaining()];
    data.bytes().get(data.bytes().position(), bytes);
    return bytes;
  }

  @Test
  void whatContinuesNothingIsRefused() {
    Frame.Data begun = packed(new byte[5000]);
    assertRefused(data(Packed.CONTINUED, bytes(begun)));
  }

  @Test
  void whatIsNoFrameOrEndsOrIsTooLargeIsRefused() {
    assertRefused(data(Packed.BEGUN, new byte[0]));
    assertRefused(data(Packed.BEGUN, FakeBase.noise(5000, 1)));
    assertRefused(data(Packed.BEGUN, zstd(new byte[5000])));
    assertRefused(data(Packed.BEGUN, zstd(new byte[Limits.PIECE_BYTES + 1])));
    assertRefused(data(Packed.BEGUN, zstd(new byte[8 << 20])));
    byte[] sound = bytes(packed(new byte[5000]));
    byte[] hugeWindow = sound.clone();
    hugeWindow[5] = (byte) (17 << 3); // 128 MiB
    assertRefused(data(Packed.BEGUN, hugeWindow));
    assertRefused(data(Packed.BEGUN, Arrays.copyOf(sound, sound.length - 1)));
  }

  @Test
  void bytesOfAnyKindAreRefusedAndNothingElse() {
    byte[] sound = bytes(packed(FakeBase.noise(20_000, 3).clone()));
    for (int i = 0; i < 2000; i++) {
      byte[] damaged = Arrays.copyOf(sound, 1 + random.nextInt(sound.length));
      for (int j = random.nextInt(4); j >= 0; j--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      Packed how = random.nextInt(3) == 0 ? Packed.CONTINUED : Packed.BEGUN;
      try {
        int length = unpacking.plain(data(how, damaged)).bytes().remaining();
        assertThat(length).isBetween(1, Limits.PIECE_BYTES);
      } catch (BrokenRule refused) {
        assertThat(refused).hasMessageContaining("cannot be unpacked");
      }
    }
  }

  private void assertRefused(Frame.Data data) {
    assertThatThrownBy(() -> unpacking.plain(data))
        .isInstanceOf(BrokenRule.class)
        .hasMessageContaining("cannot be unpacked");
  }

  private static byte[] zstd(byte[] plain) {
    ZstdCompressor compressor = ZstdCompressor.create(3);
    byte[] packed = new byte[compressor.maxCompressedLength(plain.length)];
    int length = compressor.compress(plain, 0, plain.length, packed, 0, packed.length);
    return Arrays.copyOf(packed, length);
  }
}
