package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What a source makes of an asker that has a certificate and bad manners. */
class HostileAskerTest {
  private static final Frame HELLO = new Frame.Hello(4);

  private final Link link = Link.usual();
  private final FakeBase base = FakeBase.ready(FakeBase.noise(10 * Limits.PIECE_BYTES + 100, 1));
  private final DiskId disk = link.give(base);

  @AfterEach
  void close() {
    link.close();
  }

  @TestFactory
  Stream<DynamicTest> endsTheConnectionForWhatBreaksARule() {
    Map<String, List<ByteBuffer>> cases =
        Map.ofEntries(
            wrong("no hello", open(1)),
            wrong("two hellos", HELLO, HELLO),
            wrong("no window", new Frame.Hello(0)),
            wrong("window too large", new Frame.Hello(Limits.WINDOW + 1)),
            wrong("stream 0", HELLO, open(0)),
            wrong("stream twice", HELLO, open(2), open(2)),
            wrong("streams backwards", HELLO, open(2), open(1)),
            wrong("unopened stream", HELLO, request(1, 1, Run.of(0, 1))),
            wrong("request twice", HELLO, open(1), ask(5), ask(5)),
            wrong("request 0", HELLO, open(1), ask(0)),
            wrong("behind the end", HELLO, open(1), request(1, 1, Run.of(11, 1))),
            wrong("over the end", HELLO, open(1), request(1, 1, Run.of(10, 2))),
            wrong("before the beginning", HELLO, open(1), request(1, 1, Run.of(-1, 1))),
            wrong("no pieces", HELLO, open(1), request(1, 1, Run.of(0, 0))),
            wrong("no blocks", HELLO, open(1), request(1, 1, Run.blocksOf(0, 0))),
            wrong("blocks behind the end", HELLO, open(1), request(1, 1, Run.blocksOf(10, 2))),
            wrong("overlapping", HELLO, open(1), request(1, 1, Run.of(0, 3), Run.of(2, 1))),
            wrong("descending", HELLO, open(1), request(1, 1, Run.of(3, 1), Run.of(0, 1))),
            wrong("unmade request cancelled", HELLO, open(1), new Frame.Cancel(1)),
            wrong("unopened stream closed", HELLO, new Frame.Close(1, Optional.empty())),
            wrong("too much credit", HELLO, new Frame.Credit(1)),
            wrong("no credit", HELLO, new Frame.Credit(0)),
            wrong("a source's frame", HELLO, new Frame.Opened(1, 100, 0, 0, true)),
            wrong("a source's news", HELLO, new Frame.Have(1, 0, new BitSet(), 64)),
            wrong("a source's end", HELLO, new Frame.End(1, Frame.Ending.ANSWERED)),
            wrong(
                "a source's data",
                HELLO,
                new Frame.Data(1, 0, 1, Packed.NOT, ByteBuffer.allocate(4096))),
            Map.entry("no length", List.of(ByteBuffer.allocate(5))),
            Map.entry("immense", List.of(bytes(0x7fff_ffff, FrameCodec.HELLO))),
            Map.entry("negative", List.of(bytes(-1, FrameCodec.HELLO))),
            Map.entry("too long", List.of(bytes(FrameCodec.MAX_LENGTH + 1, FrameCodec.OPEN))),
            Map.entry("unknown kind", List.of(bytes(1, (byte) 99))),
            Map.entry("too short", List.of(bytes(1, FrameCodec.HELLO))),
            Map.entry("longer than its fields", List.of(longer(FrameCodec.encode(HELLO)))));
    return cases.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> assertRefused(e.getValue())));
  }

  @Test
  void tooManyStreamsEndTheConnection() throws IOException {
    List<ByteBuffer> frames = new ArrayList<>(List.of(FrameCodec.encode(HELLO)));
    for (int stream = 1; stream <= Limits.STREAMS + 1; stream++) {
      frames.add(FrameCodec.encode(open(stream)));
    }
    assertRefused(frames);
  }

  @Test
  void tooManyRequestsEndTheConnection() throws IOException {
    List<ByteBuffer> frames = new ArrayList<>(List.of(FrameCodec.encode(HELLO)));
    frames.add(FrameCodec.encode(open(1)));
    // Nothing is read and no credit given, so after the window nothing is answered.
    for (int request = 1; request <= Limits.REQUESTS + 10; request++) {
      frames.add(FrameCodec.encode(ask(request)));
    }
    assertRefused(frames);
  }

  /** Random frames with the lengths and kinds of right ones, behind a right beginning. */
  @RepeatedTest(25)
  void survivesNoise(RepetitionInfo repetition) throws IOException {
    Random random = new Random(repetition.getCurrentRepetition());
    try (RawPeer peer = RawPeer.asker(link.server.address())) {
      ByteBuffer bytes = ByteBuffer.allocate(200_000);
      if (random.nextBoolean()) {
        bytes.put(FrameCodec.encode(HELLO)).put(FrameCodec.encode(open(1)));
      }
      for (int i = 0; i < 30; i++) {
        int length = random.nextInt(1, random.nextInt(2, 4000));
        byte[] noise = new byte[length - 1];
        random.nextBytes(noise);
        if (random.nextBoolean() && noise.length > 4) {
          System.arraycopy(new byte[] {0, 0, 0, 1}, 0, noise, 0, 4);
        }
        bytes.putInt(random.nextInt(50) == 0 ? random.nextInt() : length);
        bytes.put((byte) random.nextInt(1, 15)).put(noise);
      }
      try {
        peer.send(bytes.flip());
      } catch (IOException hadEnough) {
        // It may end before all was sent.
      }
    }
    assertStillServes();
  }

  private void assertRefused(List<ByteBuffer> frames) throws IOException {
    try (RawPeer peer = RawPeer.asker(link.server.address())) {
      for (ByteBuffer frame : frames) {
        peer.send(frame.duplicate());
      }
      Frame.Goodbye goodbye = peer.next(Frame.Goodbye.class);
      assertThat(goodbye.problem().map(Problem::code)).contains(ErrorCode.PEER_MISBEHAVED);
    } catch (BrokenRule impossible) {
      throw new AssertionError(impossible);
    }
    Await.until(() -> link.server.connectionCount() == 0);
    assertThat(link.reports)
        .last()
        .satisfies(p -> assertThat(p.code()).isEqualTo(ErrorCode.PEER_MISBEHAVED));
    assertThat(base.closes).hasValue(link.askers.size());
    assertStillServes();
  }

  private void assertStillServes() {
    try (PeerConnection connection = link.connect()) {
      PeerStream stream = connection.stream(disk, Link.GRANT, new Link.Heard());
      Collected collected = new Collected();
      ChunkRequest _ =
          stream.request(Part.CONTENT, List.of(Run.of(3, 2)), Priority.DEPLOY, collected);
      assertThat(collected.complete()).containsOnlyKeys(3, 4);
    }
    Await.until(() -> link.server.connectionCount() == 0);
  }

  private Frame open(int stream) {
    return new Frame.Open(stream, disk, ByteBuffer.wrap(Link.GRANT));
  }

  private static Frame ask(int request) {
    return request(1, request, Run.of(0, 10));
  }

  private static Frame request(int stream, int request, Run... runs) {
    return new Frame.Request(stream, request, Part.CONTENT, Priority.DEPLOY, List.of(runs));
  }

  private static Map.Entry<String, List<ByteBuffer>> wrong(String name, Frame... frames) {
    return Map.entry(name, Stream.of(frames).map(FrameCodec::encode).toList());
  }

  private static ByteBuffer bytes(int length, byte kind) {
    return ByteBuffer.allocate(200).putInt(0, length).put(4, kind);
  }

  private static ByteBuffer longer(ByteBuffer frame) {
    ByteBuffer longer = ByteBuffer.allocate(frame.remaining() + 3).put(frame);
    return longer.putInt(0, longer.capacity() - Integer.BYTES).clear();
  }
}
