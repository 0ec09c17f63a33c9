package dev.ratoon.cache.arrival;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/** A host in whose cache a base is arriving, as a source for others: what the agent will be. */
final class PeerSource implements Source, AutoCloseable {
  private final String name;
  private final Arrivals arrivals;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
  final AtomicLong sentBytes = new AtomicLong();

  PeerSource(String name, Arrivals arrivals) {
    this.name = name;
    this.arrivals = arrivals;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Kind kind() {
    return Kind.ARRIVING_PEER;
  }

  @Override
  public Feed open(DiskId base, FeedListener listener) {
    Optional<ArrivingBase> arriving = arrivals.arriving(base);
    if (arriving.isEmpty()) {
      throw problem("It is not arriving there.").asException();
    }
    LongConsumer announcing = chunk -> listener.has(chunk, 1);
    arriving.get().onVerified(announcing);
    return new PeerFeed(arriving.get(), announcing);
  }

  private Problem problem(String why) {
    return Problem.of(ErrorCode.BASE_MISSING, "asking " + name).detail(why);
  }

  @Override
  public void close() {
    thread.shutdown();
  }

  private final class PeerFeed implements Feed {
    private final ArrivingBase base;
    private final LongConsumer announcing;

    PeerFeed(ArrivingBase base, LongConsumer announcing) {
      this.base = base;
      this.announcing = announcing;
    }

    @Override
    public InputStream manifest() throws IOException {
      throw new IOException("not from peers in this test");
    }

    @Override
    public Optional<InputStream> fingerprints() {
      return Optional.empty();
    }

    @Override
    public Fetch fetch(ChunkRequest request, Reply reply) {
      thread.execute(() -> answer(request, reply));
      return () -> {};
    }

    private void answer(ChunkRequest request, Reply reply) {
      try {
        ByteBuffer content = ByteBuffer.allocate(request.bytes());
        base.read(request.chunk(), content);
        sentBytes.addAndGet(request.bytes());
        reply.arrived(content.flip());
      } catch (RatoonException ended) {
        reply.failed(ended.problem());
      }
    }

    @Override
    public void close() {
      base.forget(announcing);
    }
  }
}
