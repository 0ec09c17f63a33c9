package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The channel from end to end, over loopback and with real certificates. */
class ChunkChannelTest {
  private static final byte[] CONTENT = FakeBase.noise(20 * Limits.PIECE_BYTES + 5000, 1);

  private final Link link = Link.usual();

  @AfterEach
  void close() {
    link.close();
  }

  @Test
  void bringsAllChunksOfABase() {
    PeerStream stream = link.stream(FakeBase.ready(CONTENT));
    assertThat(stream.sizeBytes()).isEqualTo(CONTENT.length);
    assertThat(stream.isComplete()).isTrue();

    Collected collected = new Collected();
    ChunkRequest unused =
        stream.request(
            Part.CONTENT,
            List.of(Run.of(0, stream.pieceCount(Part.CONTENT))),
            Priority.DEPLOY,
            collected);
    assertPieces(collected.complete(), CONTENT);
    assertThat(link.askers).singleElement().extracting(Peer::host).isEqualTo(Link.ASKER);
  }

  @Test
  void bringsManifestAndFingerprints() {
    FakeBase base = FakeBase.ready(FakeBase.noise(300 * Limits.PIECE_BYTES, 2));
    PeerStream stream = link.stream(base);
    for (Part part : List.of(Part.MANIFEST, Part.FINGERPRINTS)) {
      assertThat(stream.read(part, Priority.DEPLOY, 1 << 20, Duration.ofSeconds(10)))
          .isEqualTo(base.bytes(part));
    }
    assertThatExceptionOfType(RatoonException.class)
        .isThrownBy(
            () -> stream.read(Part.MANIFEST, Priority.DEPLOY, 1000, Duration.ofSeconds(10)))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.TOO_LARGE));
  }

  @Test
  void refusesWithTheDoormansProblem() {
    DiskId disk = link.give(FakeBase.ready(CONTENT));
    PeerConnection connection = link.connect();
    assertThatExceptionOfType(RatoonException.class)
        .isThrownBy(() -> connection.stream(disk, new byte[] {9}, new Link.Heard()))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.FORBIDDEN));
    assertThatExceptionOfType(RatoonException.class)
        .isThrownBy(() -> connection.stream(Link.disk(99), Link.GRANT, new Link.Heard()))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_MISSING));
    assertThat(connection.stream(disk, Link.GRANT, new Link.Heard()).isOpen()).isTrue();
  }

  static void assertPieces(Map<Integer, byte[]> pieces, byte[] content) {
    int count = (content.length + Limits.PIECE_BYTES - 1) / Limits.PIECE_BYTES;
    assertThat(pieces).hasSize(count);
    pieces.forEach(
        (piece, bytes) -> {
          int from = piece * Limits.PIECE_BYTES;
          int to = Math.min(content.length, from + Limits.PIECE_BYTES);
          assertThat(bytes).isEqualTo(Arrays.copyOfRange(content, from, to));
        });
  }
}
