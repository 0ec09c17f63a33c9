package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FrameCodecTest {
  private static final Problem PROBLEM =
      new Problem(ErrorCode.BASE_MISSING, "giving", "It is not here.", "Ask another.");

  static List<Frame> frames() {
    BitSet chunks = new BitSet();
    chunks.set(3);
    chunks.set(127);
    return List.of(
        new Frame.Hello(1024),
        new Frame.Open(7, new DiskId("ab".repeat(32)), ByteBuffer.wrap(new byte[] {1, 2, 3})),
        new Frame.Open(7, new DiskId("00".repeat(32)), ByteBuffer.wrap(new byte[4096])),
        new Frame.Opened(7, 64L << 40, 52, 4096, true),
        new Frame.Close(7, Optional.empty()),
        new Frame.Close(7, Optional.of(PROBLEM)),
        new Frame.Request(
            1,
            2,
            Part.FINGERPRINTS,
            Priority.PRECACHE,
            List.of(Run.of(1 << 29, 1024), Run.blocksOf(1 << 30, 0x8001))),
        new Frame.Cancel(Integer.MAX_VALUE),
        new Frame.Credit(65_535),
        new Frame.Have(7, 1 << 20, chunks, 192),
        new Frame.Data(1, 2, 0xffff, Packed.CONTINUED, ByteBuffer.wrap(new byte[] {4, 5})),
        new Frame.Lack(1, 2, PROBLEM),
        new Frame.Elsewhere(1, 2),
        new Frame.Request(1, 3, Part.CONTENT, Priority.PRECACHE, true, List.of(Run.of(7, 1))),
        new Frame.End(1, Frame.Ending.CLOSED),
        new Frame.Ping(-5),
        new Frame.Pong(1L << 63),
        new Frame.Goodbye(Optional.empty()),
        new Frame.Goodbye(Optional.of(PROBLEM)));
  }

  @ParameterizedTest
  @MethodSource("frames")
  void readsWhatItWrote(Frame frame) throws BrokenRule {
    ByteBuffer bytes = FrameCodec.encode(frame);
    assertThat(bytes.getInt()).isEqualTo(bytes.remaining());
    assertThat(FrameCodec.decode(bytes.get(), bytes)).isEqualTo(frame);
  }

  @ParameterizedTest
  @MethodSource("frames")
  void refusesEveryFrameThatIsTooShortOrTooLong(Frame frame) {
    ByteBuffer whole = FrameCodec.encode(frame);
    byte kind = whole.get(Integer.BYTES);
    int least = frame instanceof Frame.Data ? 11 : whole.limit() - FrameCodec.HEAD_BYTES;
    for (int length = 0; length < least; length += Math.max(1, least / 50)) {
      // A shorter bit set is a bit set, too.
      if (frame instanceof Frame.Have && length >= 16 && length % 8 == 0) {
        continue;
      }
      ByteBuffer cut = whole.slice(FrameCodec.HEAD_BYTES, length);
      assertThatExceptionOfType(BrokenRule.class).isThrownBy(() -> FrameCodec.decode(kind, cut));
    }
    if (!(frame instanceof Frame.Data)) {
      ByteBuffer longer = ByteBuffer.allocate(least + 1);
      longer.put(whole.slice(FrameCodec.HEAD_BYTES, least)).rewind();
      assertThatExceptionOfType(BrokenRule.class).isThrownBy(() -> FrameCodec.decode(kind, longer));
    }
  }

  /** Written down by hand from the format's specification. */
  @Test
  void speaksTheFormatThatIsSpecified() {
    assertThat(hex(new Frame.Hello(64))).isEqualTo("0000000b0152544e4348414e010040");
    assertThat(hex(new Frame.Request(1, 2, Part.CONTENT, Priority.DEPLOY, List.of(Run.of(16, 3)))))
        .isEqualTo("0000001505000000010000000201010001000000100003ffff");
    assertThat(
            hex(
                new Frame.Request(
                    1, 2, Part.CONTENT, Priority.PRECACHE, true, List.of(Run.of(16, 3)))))
        .isEqualTo("0000001505000000010000000201820001000000100003ffff");
    assertThat(hex(new Frame.Elsewhere(1, 2))).isEqualTo("000000090f0000000100000002");
    assertThat(hex(new Frame.Data(1, 2, 5, Packed.NOT, ByteBuffer.wrap(new byte[] {9}))))
        .isEqualTo("0000000d09000000010000000200050009");
    BitSet chunks = new BitSet();
    chunks.set(0);
    chunks.set(9);
    assertThat(hex(new Frame.Have(1, 64, chunks, 64)))
        .isEqualTo("0000001108000000010000004001020000000000" + "00");
  }

  @Test
  void cutsLongTextsBetweenCharacters() throws BrokenRule {
    Problem wordy = Problem.of(ErrorCode.INTERNAL, "x" + "\u00e9".repeat(2000));
    ByteBuffer bytes = FrameCodec.encode(new Frame.Goodbye(Optional.of(wordy)));
    assertThat(FrameCodec.decode(FrameCodec.GOODBYE, bytes.position(FrameCodec.HEAD_BYTES)))
        .isEqualTo(
            new Frame.Goodbye(
                Optional.of(Problem.of(ErrorCode.INTERNAL, "x" + "\u00e9".repeat(511)))));
  }

  private static String hex(Frame frame) {
    ByteBuffer bytes = FrameCodec.encode(frame);
    return HexFormat.of().formatHex(bytes.array(), bytes.arrayOffset(), bytes.limit());
  }
}
