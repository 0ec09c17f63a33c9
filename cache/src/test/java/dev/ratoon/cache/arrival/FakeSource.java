package dev.ratoon.cache.arrival;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A source that behaves as a test wants it to. It answers on a thread of its own. */
final class FakeSource implements Source, AutoCloseable {
  /** What a source does with a request; honest ones answer with the base's bytes. */
  interface Behaviour {
    void answer(ChunkRequest request, byte[] right, Feed.Reply reply);

    Behaviour HONEST = (_, right, reply) -> reply.arrived(ByteBuffer.wrap(right));
    Behaviour SILENT = (_, _, _) -> {};
  }

  private final String name;
  private final Kind kind;
  private final TestBase base;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
  private volatile Behaviour behaviour = Behaviour.HONEST;
  private volatile Consumer<FeedListener> opening = FeedListener::hasAll;
  private volatile boolean answers = true;
  private volatile boolean threadIsFree;
  private volatile int room = Integer.MAX_VALUE;
  private volatile byte[] manifest;
  private volatile Optional<byte[]> list;
  private final List<ChunkRequest> requests = new ArrayList<>();
  private final List<FeedListener> opened = new ArrayList<>();
  final AtomicLong sentBytes = new AtomicLong();
  final AtomicInteger inFlight = new AtomicInteger();
  final AtomicInteger mostInFlight = new AtomicInteger();

  FakeSource(String name, Kind kind, TestBase base) {
    this.name = name;
    this.kind = kind;
    this.base = base;
    this.manifest = base.manifestBytes();
    this.list = Optional.of(base.list());
  }

  FakeSource behaving(Behaviour behaviour) {
    this.behaviour = behaviour;
    return this;
  }

  FakeSource opening(Consumer<FeedListener> opening) {
    this.opening = opening;
    return this;
  }

  FakeSource withManifest(byte[] manifest) {
    this.manifest = manifest;
    return this;
  }

  FakeSource withList(Optional<byte[]> list) {
    this.list = list;
    return this;
  }

  /** Can be asked for so many chunks at a time. */
  FakeSource withRoom(int requests) {
    room = requests;
    return this;
  }

  /** What it answers is verified and written on its own thread. */
  FakeSource withFreeThread(boolean free) {
    threadIsFree = free;
    return this;
  }

  /** Never answers, and has no fingerprints. */
  FakeSource quiet() {
    answers = false;
    list = Optional.empty();
    return this;
  }

  /** Returns when it was asked so often. */
  void awaitRequests(int count) {
    for (int i = 0; requests().size() < count; i++) {
      if (i == 4000) {
        throw new AssertionError("not asked");
      }
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
  }

  synchronized List<ChunkRequest> requests() {
    return List.copyOf(requests);
  }

  synchronized int timesOpened() {
    return opened.size();
  }

  /** Who was told last. */
  synchronized FeedListener listener() {
    return opened.getLast();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public Feed open(DiskId id, FeedListener listener) {
    synchronized (this) {
      opened.add(listener);
    }
    thread.execute(() -> opening.accept(listener));
    return new FakeFeed();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  static Problem problem(String why) {
    return Problem.of(ErrorCode.SERVER_UNREACHABLE, "talking to a fake source").detail(why);
  }

  private final class FakeFeed implements Feed {
    @Override
    public InputStream manifest() throws IOException {
      if (manifest.length == 0) {
        throw new IOException("no manifest here");
      }
      return new ByteArrayInputStream(manifest);
    }

    @Override
    public Optional<InputStream> fingerprints() {
      return list.map(ByteArrayInputStream::new);
    }

    @Override
    public int room() {
      return room - inFlight.get();
    }

    @Override
    public boolean threadsAreFree() {
      return threadIsFree;
    }

    @Override
    public Fetch fetch(ChunkRequest request, Reply reply) {
      synchronized (FakeSource.this) {
        requests.add(request);
      }
      if (!answers) {
        return () -> {};
      }
      int flying = inFlight.incrementAndGet();
      mostInFlight.accumulateAndGet(flying, Math::max);
      try {
        thread.execute(() -> {
          inFlight.decrementAndGet();
          sentBytes.addAndGet(request.bytes());
          behaviour.answer(request, base.answer(request), reply);
        });
      } catch (java.util.concurrent.RejectedExecutionException closed) {
        reply.failed(problem("closed"));
      }
      return () -> {};
    }

    @Override
    public void close() {}
  }
}
