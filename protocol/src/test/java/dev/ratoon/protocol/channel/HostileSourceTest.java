package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What an asker makes of a source that has a certificate and bad manners. */
class HostileSourceTest {
  private static final Frame HELLO = new Frame.Hello(0);
  private static final long SIZE = 10 * Limits.PIECE_BYTES + 100;
  private static final Frame OPENED = new Frame.Opened(1, SIZE, 100, 0, false);
  private static final Problem WHY = Problem.of(ErrorCode.FILE_UNREADABLE, "reading");

  /** It has a limit, so that the reading thread delivers nothing and always hears. */
  private final ChunkClient client =
      new ChunkClient(() -> Fleet.ONE.tls(Link.ASKER), Link.asking(4).taking(Link.immense()));

  @AfterEach
  void close() {
    client.close();
  }

  /** What follows a request for the chunks 0 to 3 and the first block of chunk 9. */
  @TestFactory
  Stream<DynamicTest> endsTheConnectionForWhatBreaksARule() {
    ByteBuffer chunk = ByteBuffer.allocate(Limits.PIECE_BYTES);
    ByteBuffer block = ByteBuffer.allocate(Limits.BLOCK_BYTES);
    Map<String, List<ByteBuffer>> cases =
        Map.ofEntries(
            wrong("hello again", HELLO),
            wrong("opened again", OPENED),
            wrong("unknown stream opened", new Frame.Opened(2, SIZE, 0, 0, true)),
            wrong("unknown stream closed", new Frame.Close(2, Optional.empty())),
            wrong("unknown stream has", have(2, 0, 1)),
            wrong("has behind the end", have(1, 0, 12)),
            wrong("has far behind the end", have(1, 1 << 30, 1)),
            wrong("unasked request", data(2, 0, Run.ALL_BLOCKS, chunk)),
            wrong("unasked piece", data(1, 4, Run.ALL_BLOCKS, chunk)),
            wrong("unasked blocks", data(1, 0, 1, block)),
            wrong("whole for a block", data(1, 9, Run.ALL_BLOCKS, chunk)),
            wrong("too short", data(1, 0, Run.ALL_BLOCKS, block)),
            wrong("empty", data(1, 0, Run.ALL_BLOCKS, ByteBuffer.allocate(0))),
            wrong("block too long", data(1, 9, 1, chunk)),
            wrong("twice", data(1, 0, Run.ALL_BLOCKS, chunk), data(1, 0, Run.ALL_BLOCKS, chunk)),
            wrong("lacks what it gave", data(1, 0, Run.ALL_BLOCKS, chunk), lack(1, 0)),
            wrong("lacks what nobody asked", lack(1, 7)),
            wrong("unasked lack", lack(5, 0)),
            wrong("spares itself an answer", new Frame.Elsewhere(1, 0)),
            wrong("ends too early", new Frame.End(1, Frame.Ending.ANSWERED)),
            wrong("ends as cancelled", new Frame.End(1, Frame.Ending.CANCELLED)),
            wrong("ends as closed", new Frame.End(1, Frame.Ending.CLOSED)),
            wrong("unasked end", new Frame.End(2, Frame.Ending.ANSWERED)),
            wrong("an asker's frame", new Frame.Cancel(1)),
            wrong("an asker's credit", new Frame.Credit(1)),
            wrong("bad packing", packed(1, 0, noise(1000))),
            wrong("packed to something else", packed(1, 0, zstd(1000))),
            wrong("packed to more", packed(1, 0, zstd(Limits.PIECE_BYTES + 1))),
            Map.entry("data too long", List.of(bytes(FrameCodec.MAX_DATA_LENGTH + 1))),
            Map.entry("immense data", List.of(bytes(Integer.MAX_VALUE))),
            Map.entry("negative length", List.of(bytes(-5))));
    return cases.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> assertRefused(e.getValue())));
  }

  @TestFactory
  Stream<DynamicTest> refusesImpossibleDisks() {
    return Stream.of(
            new Frame.Opened(1, 0, 0, 0, true),
            new Frame.Opened(1, -1, 0, 0, true),
            new Frame.Opened(1, Limits.DISK_BYTES + 1, 0, 0, true),
            new Frame.Opened(1, SIZE, Limits.manifestBytes(11) + 1, 0, true),
            new Frame.Opened(1, SIZE, -1, 0, true),
            new Frame.Opened(1, SIZE, 0, Limits.fingerprintBytes(11) + 1, true))
        .map(opened ->
            DynamicTest.dynamicTest(
                opened.toString(),
                () ->
                    assertThatExceptionOfType(RatoonException.class)
                        .isThrownBy(() -> stream(asker -> opened(asker, opened)))
                        .satisfies(HostileSourceTest::assertMisbehaved)));
  }

  @Test
  void moreThanItHasCreditForIsNeverBuffered() throws IOException {
    CountDownLatch judged = new CountDownLatch(1);
    Collected slow =
        new Collected() {
          @Override
          public void arrived(int piece, int blocks, ByteBuffer bytes) {
            try {
              judged.await();
            } catch (InterruptedException impossible) {
              throw new IllegalStateException(impossible);
            }
          }
        };
    PeerStream stream =
        stream(asker -> {
          opened(asker, OPENED);
          Frame.Request request = asker.next(Frame.Request.class);
          for (int piece = 0; piece < 10; piece++) {
            asker.send(
                data(
                    request.request(),
                    piece,
                    Run.ALL_BLOCKS,
                    ByteBuffer.allocate(Limits.PIECE_BYTES)));
          }
        });
    ChunkRequest _ = stream.request(Part.CONTENT, List.of(Run.of(0, 10)), Priority.DEPLOY, slow);
    Await.until(() -> !stream.isOpen());
    judged.countDown();
    assertThat(slow.problem().code()).isEqualTo(ErrorCode.PEER_MISBEHAVED);
    assertThat(slow.problem().detail()).contains("credit");
  }

  @Test
  void silenceInsteadOfHelloIsNotAGreeting() throws IOException {
    assertThatExceptionOfType(RatoonException.class)
        .isThrownBy(() -> stream(asker -> asker.send(OPENED)))
        .satisfies(HostileSourceTest::assertMisbehaved);
  }

  @Test
  void aSourceOfAnOlderVersionIsNotAskedToSpareItself() throws Exception {
    CompletableFuture<Boolean> sparing = new CompletableFuture<>();
    PeerStream stream =
        stream(asker -> {
          opened(asker, OPENED);
          sparing.complete(asker.next(Frame.Request.class).sparing());
        });
    ChunkRequest _ =
        stream.requestLater(List.of(Run.of(0, 1)), Priority.DEPLOY, true, new Collected());
    stream.flush();

    assertThat(sparing.get(20, TimeUnit.SECONDS)).isFalse();
  }

  @RepeatedTest(25)
  void survivesNoise(RepetitionInfo repetition) throws IOException {
    Random random = new Random(repetition.getCurrentRepetition());
    PeerStream stream =
        stream(asker -> {
          opened(asker, OPENED);
          asker.next(Frame.Request.class);
          ByteBuffer bytes = ByteBuffer.allocate(200_000);
          for (int i = 0; i < 30; i++) {
            byte[] noise = new byte[random.nextInt(random.nextInt(1, 4000))];
            random.nextBytes(noise);
            if (random.nextBoolean() && noise.length > 8) {
              System.arraycopy(new byte[] {0, 0, 0, 1, 0, 0, 0}, 0, noise, 0, 7);
            }
            bytes.putInt(random.nextInt(50) == 0 ? random.nextInt() : noise.length + 1);
            bytes.put((byte) random.nextInt(1, 16)).put(noise);
          }
          asker.send(bytes.flip());
          asker.send(new Frame.Goodbye(Optional.empty()));
        });
    Collected collected = new Collected();
    ChunkRequest _ =
        stream.request(Part.CONTENT, List.of(Run.of(0, 10)), Priority.DEPLOY, collected);
    assertThat(collected.problem().oneLine()).isNotEmpty();
  }

  private void assertRefused(List<ByteBuffer> frames) throws IOException {
    PeerStream stream =
        stream(asker -> {
          opened(asker, OPENED);
          asker.next(Frame.Request.class);
          for (ByteBuffer frame : frames) {
            asker.send(frame.duplicate());
          }
        });
    Collected collected = new Collected();
    ChunkRequest _ =
        stream.request(
            Part.CONTENT, List.of(Run.of(0, 4), Run.blocksOf(9, 1)), Priority.DEPLOY, collected);
    assertThat(collected.problem().code()).isEqualTo(ErrorCode.PEER_MISBEHAVED);
    assertThat(stream.isOpen()).isFalse();
  }

  private PeerStream stream(RawPeer.Script script) throws IOException {
    PeerConnection connection = client.open(RawPeer.source(script), Link.SOURCE);
    return connection.stream(Link.disk(1), Link.GRANT, new Link.Heard());
  }

  private static void opened(RawPeer asker, Frame answer) throws IOException, BrokenRule {
    asker.send(HELLO);
    asker.next(Frame.Open.class);
    asker.send(answer);
  }

  private static void assertMisbehaved(RatoonException e) {
    assertThat(e.problem().code()).isEqualTo(ErrorCode.PEER_MISBEHAVED);
  }

  private static Frame have(int stream, int first, int count) {
    BitSet chunks = new BitSet();
    chunks.set(0, count);
    return new Frame.Have(stream, first, chunks, 64);
  }

  private static Frame data(int request, int piece, int blocks, ByteBuffer bytes) {
    return new Frame.Data(request, piece, blocks, Packed.NOT, bytes);
  }

  private static Frame packed(int request, int piece, byte[] bytes) {
    return new Frame.Data(request, piece, Run.ALL_BLOCKS, Packed.BEGUN, ByteBuffer.wrap(bytes));
  }

  private static Frame lack(int request, int piece) {
    return new Frame.Lack(request, piece, WHY);
  }

  private static byte[] noise(int bytes) {
    return FakeBase.noise(bytes, 5);
  }

  private static byte[] zstd(int bytes) {
    var compressor = io.airlift.compress.v3.zstd.ZstdCompressor.create();
    byte[] packed = new byte[compressor.maxCompressedLength(bytes)];
    int length = compressor.compress(new byte[bytes], 0, bytes, packed, 0, packed.length);
    return java.util.Arrays.copyOf(packed, length);
  }

  private static Map.Entry<String, List<ByteBuffer>> wrong(String name, Frame... frames) {
    return Map.entry(name, Stream.of(frames).map(FrameCodec::encode).toList());
  }

  private static ByteBuffer bytes(int length) {
    return ByteBuffer.allocate(200).putInt(0, length).put(4, FrameCodec.DATA);
  }
}
