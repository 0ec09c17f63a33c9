package dev.ratoon.agent.bases;

import dev.ratoon.cache.arrival.ChunkRequest;
import dev.ratoon.cache.arrival.Feed;
import dev.ratoon.cache.arrival.FeedListener;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.Whereabouts.Place;
import dev.ratoon.protocol.channel.Limits;
import dev.ratoon.protocol.channel.Part;
import dev.ratoon.protocol.channel.PeerStream;
import dev.ratoon.protocol.channel.Priority;
import dev.ratoon.protocol.channel.Receiver;
import dev.ratoon.protocol.channel.Run;
import dev.ratoon.protocol.channel.StreamListener;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;

/** What one host delivers of one base, over the chunk channel. */
final class PeerFeed implements Feed, StreamListener {
  /** Of a disk of 64 GiB the manifest has 36 MiB: larger ones than this are not held in memory. */
  private static final int MOST_DOCUMENT_BYTES = 64 << 20;

  private static final int SEVERAL = Limits.REQUESTS / 4;

  private static final Duration DOCUMENT_TIMEOUT = Duration.ofMinutes(2);

  private final Peers peers;
  private final Place place;
  private final DiskId base;
  private final FeedListener listener;
  private final CompletableFuture<PeerStream> stream = new CompletableFuture<>();
  private volatile boolean full;

  PeerFeed(Peers peers, Place place, DiskId base, FeedListener listener) {
    this.peers = peers;
    this.place = place;
    this.base = base;
    this.listener = listener;
  }

  void connect() {
    try {
      PeerStream opened = peers.connection(place).stream(base, peers.grant(place.host()), this);
      if (!stream.complete(opened)) {
        opened.close();
        return;
      }
      if (opened.isComplete()) {
        listener.hasAll();
      }
    } catch (RatoonException failed) {
      // First who we are left for: whoever waits for a document would tell it less well.
      listener.failed(failed.problem());
      stream.completeExceptionally(failed);
    }
  }

  @Override
  public void has(int firstChunk, BitSet chunks) {
    for (int from = chunks.nextSetBit(0); from >= 0; ) {
      int end = chunks.nextClearBit(from);
      listener.has((long) firstChunk + from, end - from);
      from = chunks.nextSetBit(end);
    }
  }

  @Override
  public void closed(Problem why) {
    listener.failed(why);
  }

  @Override
  public InputStream manifest() throws IOException {
    return document(Part.MANIFEST)
        .orElseThrow(() -> new IOException("The other host has no manifest yet."));
  }

  @Override
  public Optional<InputStream> fingerprints() throws IOException {
    return document(Part.FINGERPRINTS);
  }

  private Optional<InputStream> document(Part part) throws IOException {
    try {
      PeerStream opened = stream.join();
      return opened.lengthBytes(part) == 0
          ? Optional.empty()
          : Optional.of(
              new ByteArrayInputStream(
                  opened.read(part, Priority.DEPLOY, MOST_DOCUMENT_BYTES, DOCUMENT_TIMEOUT)));
    } catch (CompletionException | RatoonException failed) {
      throw new IOException(failed.getMessage(), failed);
    }
  }

  /** What was full is so until there is room for several: they travel together then. */
  @Override
  public int room() {
    int room = connected().map(PeerStream::room).orElse(0);
    full = room == 0 || (full && room < SEVERAL);
    return full ? 0 : room;
  }

  /** A connection has threads for its receivers alone; that they are busy slows the source down. */
  @Override
  public boolean threadsAreFree() {
    return true;
  }

  private Optional<PeerStream> connected() {
    return stream.isDone() && !stream.isCompletedExceptionally()
        ? Optional.of(stream.join())
        : Optional.empty();
  }

  @Override
  public Fetch fetch(ChunkRequest request, Reply reply) {
    Optional<PeerStream> opened = connected();
    if (opened.isEmpty()) {
      reply.failed(busy());
      return () -> {};
    }
    try {
      Run run = Run.blocksOf((int) request.chunk(), blocks(request));
      Once once = new Once(reply);
      return opened.get().requestLater(List.of(run), priority(request), request.sparing(), once)
          ::cancel;
    } catch (RatoonException refused) {
      reply.failed(refused.problem());
      return () -> {};
    }
  }

  @Override
  public void flush() {
    connected().ifPresent(PeerStream::flush);
  }

  private static int blocks(ChunkRequest request) {
    return request.isWhole() ? Run.ALL_BLOCKS : request.blocks();
  }

  private static Priority priority(ChunkRequest request) {
    return switch (request.priority()) {
      case DEPLOY -> Priority.DEPLOY;
      case PRECACHE -> Priority.PRECACHE;
    };
  }

  private Problem busy() {
    return Problem.of(ErrorCode.BUSY, "asking host " + place.host())
        .detail("It is being connected.");
  }

  @Override
  public void close() {
    if (!stream.completeExceptionally(
            Problem.of(ErrorCode.INTERRUPTED, "fetching from host " + place.host()).asException())
        && !stream.isCompletedExceptionally()) {
      stream.join().close();
    }
  }

  /** Says one thing for each request. */
  private static final class Once implements Receiver {
    private final Reply reply;
    private final AtomicBoolean said = new AtomicBoolean();

    Once(Reply reply) {
      this.reply = reply;
    }

    @Override
    public void arrived(int piece, int blocks, ByteBuffer bytes) {
      if (!said.getAndSet(true)) {
        reply.arrived(bytes);
      }
    }

    @Override
    public void elsewhere(int piece) {
      if (!said.getAndSet(true)) {
        reply.elsewhere();
      }
    }

    @Override
    public void lacking(int piece, Problem why) {
      failed(why);
    }

    @Override
    public void completed() {
      // It has been said.
    }

    @Override
    public void failed(Problem why) {
      if (!said.getAndSet(true)) {
        reply.failed(why);
      }
    }
  }
}
