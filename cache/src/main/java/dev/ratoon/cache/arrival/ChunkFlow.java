package dev.ratoon.cache.arrival;

import dev.ratoon.cache.arrival.ArrivalListener.Reason;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of one arrival on their way: asked for, put together, verified, written. Answers come
 * on the sources' threads, which only copy them; hashing and writing is done by the workers that
 * all arrivals share.
 *
 * <p>A chunk that was put together of what relatives have and does not match the manifest is
 * fetched whole. One that was fetched whole and does not match is the source's fault: it is left
 * for good.
 */
final class ChunkFlow implements ChunkFetch.Listener {
  /** Blocks that were never anywhere: after so many such chunks the plan is no longer believed. */
  private static final int MOST_MISMATCHES = 64;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Manifest manifest;
  private final ArrivingContent content;
  private final Optional<Plan> plan;
  private final SourceLinks links;
  private final Arrival.Surroundings surroundings;
  private final Supplier<Priority> priority;
  private final LongConsumer verifiedListener;
  private final long dataBytes;
  private final long resumedBytes;

  /** Chunks that are made of relatives' blocks alone, and not taken in hand yet. */
  private final Bits local;

  /** Chunks for which the plan is wrong. */
  private final Bits whole;

  private long nextLocal;
  private final AtomicLong verifiedChunks = new AtomicLong();
  private final AtomicLong verifiedBytes = new AtomicLong();
  private final AtomicLong relativeBytes = new AtomicLong();
  private final AtomicLong fetchedBytes = new AtomicLong();
  private final AtomicLong libraryBytes = new AtomicLong();
  private final AtomicInteger mismatches = new AtomicInteger();
  private final AtomicInteger pumping = new AtomicInteger();
  private final long dataChunks;
  private final Runnable pump = this::pump;
  private final Runnable localAgain = this::startLocal;
  private int tasks;
  private volatile @Nullable RatoonException failure;

  /** What the flow needs to know of its arrival. */
  record Wishes(Supplier<Priority> priority, LongConsumer verifiedListener) {}

  ChunkFlow(
      Manifest manifest,
      ArrivingContent content,
      Optional<Plan> plan,
      SourceLinks links,
      Arrival.Surroundings surroundings,
      Wishes wishes) {
    this.manifest = manifest;
    this.content = content;
    this.plan = plan;
    this.links = links;
    this.surroundings = surroundings;
    this.priority = wishes.priority();
    this.verifiedListener = wishes.verifiedListener();
    this.local = new Bits(manifest.chunks());
    this.whole = new Bits(manifest.chunks());
    this.dataChunks = manifest.dataChunks();
    long data = 0;
    Bits there = content.verified();
    for (long c = manifest.nextData(0); c < manifest.chunks(); c = manifest.nextData(c + 1)) {
      data += manifest.chunkBytes(c);
      if (there.get(c)) {
        verifiedChunks.incrementAndGet();
        verifiedBytes.addAndGet(manifest.chunkBytes(c));
      } else if (parts(c).missing() == 0) {
        local.set(c);
      } else {
        links.want(c);
      }
    }
    this.dataBytes = data;
    this.resumedBytes = verifiedBytes.get();
  }

  void start() {
    links.onChange(pump);
    for (int i = 0; i < surroundings.settings().parallelism(); i++) {
      startLocal();
    }
    pump();
  }

  boolean isDone() {
    return verifiedChunks.get() == dataChunks;
  }

  long verified() {
    return verifiedChunks.get();
  }

  Optional<RatoonException> failure() {
    return Optional.ofNullable(failure);
  }

  ArrivalProgress progress() {
    return new ArrivalProgress(
        dataBytes,
        verifiedBytes.get(),
        resumedBytes,
        relativeBytes.get(),
        fetchedBytes.get(),
        libraryBytes.get());
  }

  private Plan.Parts parts(long chunk) {
    synchronized (this) {
      if (whole.get(chunk)) {
        return Plan.Parts.WHOLE;
      }
    }
    return plan.isEmpty() || mismatches.get() > MOST_MISMATCHES
        ? Plan.Parts.WHOLE
        : plan.get().parts(chunk);
  }

  /** Asks for as much as sources and buffers allow. One thread does, however many call. */
  void pump() {
    if (pumping.getAndIncrement() != 0) {
      return;
    }
    int calls = 1;
    while (calls != 0) {
      boolean asked = true;
      while (asked && failure == null) {
        asked = ask();
      }
      calls = pumping.addAndGet(-calls);
    }
  }

  private boolean ask() {
    Optional<ByteBuffer> buffer = surroundings.buffers().tryTake(pump);
    if (buffer.isEmpty()) {
      return false;
    }
    Optional<ChunkFetch> next = links.next((link, chunk) -> fetch(link, chunk, buffer.get()));
    if (next.isEmpty()) {
      surroundings.buffers().give(buffer.get());
      return false;
    }
    ChunkFetch fetch = next.get();
    fetch.link().feed().ifPresent(fetch::send);
    return true;
  }

  private ChunkFetch fetch(SourceLink link, long chunk, ByteBuffer buffer) {
    Plan.Parts parts = parts(chunk);
    int bytes = bytes(chunk, parts.missing());
    ChunkRequest request = new ChunkRequest(chunk, parts.missing(), bytes, priority.get());
    return new ChunkFetch(link, request, parts, buffer, this);
  }

  private int bytes(long chunk, int blocks) {
    int chunkBytes = manifest.chunkBytes(chunk);
    int bytes = 0;
    for (int i = 0; i < Blocks.IN_CHUNK; i++) {
      int length = Math.min(Blocks.BLOCK_BYTES, chunkBytes - i * Blocks.BLOCK_BYTES);
      bytes += (blocks >>> i & 1) == 0 ? 0 : Math.max(0, length);
    }
    return bytes;
  }

  @Override
  public void arrived(ChunkFetch fetch) {
    int bytes = fetch.request().bytes();
    fetchedBytes.addAndGet(bytes);
    if (fetch.link().source().kind().isLibrary()) {
      libraryBytes.addAndGet(bytes);
    }
    if (links.arrived(fetch)) {
      work(() -> land(fetch));
    } else {
      surroundings.buffers().give(fetch.buffer());
    }
    pump();
  }

  @Override
  public void failed(ChunkFetch fetch, Problem why) {
    surroundings.buffers().give(fetch.buffer());
    links.failed(fetch, why);
    pump();
  }

  @Override
  public void misfit(ChunkFetch fetch, int bytes) {
    surroundings.buffers().give(fetch.buffer());
    blame(fetch, "It sent %d bytes instead of %d.".formatted(bytes, fetch.request().bytes()));
    pump();
  }

  private void blame(ChunkFetch fetch, String why) {
    Problem problem =
        Problem.of(
                ErrorCode.BASE_ALTERED,
                "fetching base disk %s from %s"
                    .formatted(manifest.id().shortForm(), fetch.link().source().name()))
            .detail(why)
            .next("Verify that base there; it is not asked again.");
    links.leave(fetch.link(), Reason.WRONG_CONTENT, problem);
  }

  /** What has arrived is put together, verified and written. */
  private void land(ChunkFetch fetch) {
    long chunk = fetch.chunk();
    try {
      if (fetch.parts().local() == 0 && fetch.request().isWhole()) {
        if (!accept(chunk, fetch.buffer(), 0)) {
          links.want(chunk);
          blame(fetch, "The chunk %d is not as the manifest says.".formatted(chunk));
        }
      } else if (!putTogether(chunk, fetch.parts(), fetch.buffer())) {
        fetchWhole(chunk);
      }
    } finally {
      surroundings.buffers().give(fetch.buffer());
    }
  }

  private boolean putTogether(long chunk, Plan.Parts parts, ByteBuffer fetched) {
    ByteBuffer made = ByteBuffer.allocate(manifest.chunkBytes(chunk));
    return plan.isPresent()
        && plan.get().assemble(chunk, parts, fetched, made)
        && accept(chunk, made, bytes(chunk, parts.local()));
  }

  private void fetchWhole(long chunk) {
    mismatches.incrementAndGet();
    synchronized (this) {
      whole.set(chunk);
    }
    links.want(chunk);
  }

  /** Whether it is what the manifest says; then it is written. */
  private boolean accept(long chunk, ByteBuffer made, int fromRelatives) {
    if (!manifest.matches(chunk, ArrivingContent.digest(made))) {
      return false;
    }
    content.write(chunk, made);
    relativeBytes.addAndGet(fromRelatives);
    verifiedBytes.addAndGet(made.limit());
    if (verifiedChunks.incrementAndGet() == dataChunks) {
      links.wake();
    }
    verifiedListener.accept(chunk);
    return true;
  }

  /** Takes the next chunk in hand that needs nothing from elsewhere, and then the one after it. */
  private void startLocal() {
    work(() -> {
      Optional<ByteBuffer> place = surroundings.buffers().tryTake(localAgain);
      if (place.isPresent()) {
        try {
          oneLocal();
        } finally {
          surroundings.buffers().give(place.get());
        }
      }
    });
  }

  private void oneLocal() {
    long chunk;
    synchronized (this) {
      chunk = local.next(nextLocal);
      if (chunk == local.chunks()) {
        return;
      }
      nextLocal = chunk + 1;
    }
    if (!putTogether(chunk, parts(chunk), NOTHING)) {
      fetchWhole(chunk);
      pump();
    }
    startLocal();
  }

  private void work(Runnable task) {
    synchronized (this) {
      tasks++;
    }
    surroundings
        .workers()
        .execute(() -> {
          try {
            if (failure == null) {
              task.run();
            }
          } catch (RatoonException e) {
            fail(e);
          } catch (RuntimeException | Error e) {
            fail(
                Problem.of(ErrorCode.INTERNAL, "bringing base disk " + manifest.id().shortForm())
                    .detail(String.valueOf(e))
                    .asException(e));
          } finally {
            taskEnded();
          }
        });
  }

  private void fail(RatoonException why) {
    failure = why;
    links.wake();
  }

  private synchronized void taskEnded() {
    tasks--;
    notifyAll();
  }

  /** Ends the flow, and returns when no task works at the files any more. */
  synchronized void end() {
    if (failure == null) {
      failure = Problem.of(ErrorCode.INTERRUPTED, "bringing a base disk").asException();
    }
    boolean interrupted = false;
    while (tasks > 0) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
