package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.IncomingBase;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One base on its way into one cache, however many wait for it. A thread of its own goes through
 * the steps: the manifest, what is there already, the plan, the chunks, publishing. The chunks come
 * and are verified on other threads ({@link ChunkFlow}); this one only looks after them a few times
 * a second.
 *
 * <p>Whatever happens, the files stay as {@link ArrivingContent} has them, and the next arrival of
 * the same base goes on from there.
 */
final class Arrival implements ArrivingBase {
  private static final long LOOK_MILLIS = 20;

  /** A host whose disk is full to the last byte cannot even say so. */
  private static final long LEFT_FREE_BYTES = 16 << 20;

  private final Cache cache;
  private final IncomingBase incoming;
  private final long sizeBytes;
  private final Surroundings surroundings;
  private final SourceLinks links;
  private final CompletableFuture<Base> result = new CompletableFuture<>();
  private final List<LongConsumer> listeners = new CopyOnWriteArrayList<>();
  private final Checkpoints checkpoints = new Checkpoints();
  private volatile @Nullable Manifest manifest;
  private volatile @Nullable ArrivingContent content;
  private volatile @Nullable ChunkFlow flow;
  private volatile @Nullable Problem stopped;
  private volatile Priority priority;

  /** What all arrivals of a cache share. */
  record Surroundings(
      ArrivalSettings settings, BufferPool buffers, Executor workers, ArrivalListener listener) {}

  Arrival(Cache cache, DiskId id, long sizeBytes, Priority priority, Surroundings surroundings) {
    this.cache = cache;
    this.incoming = cache.incoming(id);
    this.sizeBytes = sizeBytes;
    this.priority = priority;
    this.surroundings = surroundings;
    this.links = new SourceLinks(id, sizeBytes, surroundings);
  }

  /** Begins. {@code afterwards} is run when it has ended, before the result is known. */
  void start(Runnable afterwards) {
    Thread.ofVirtual().name("arrival-" + id().shortForm()).start(() -> run(afterwards));
  }

  @Override
  public DiskId id() {
    return incoming.id();
  }

  long sizeBytes() {
    return sizeBytes;
  }

  CompletableFuture<Base> result() {
    return result;
  }

  /** Completed when nothing works at its files any more. */
  CompletableFuture<Void> ended() {
    return result.handle((_, _) -> null);
  }

  void add(Source source) {
    links.add(source);
  }

  /** From now on it is at least so urgent. */
  void raise(Priority other) {
    if (other.compareTo(priority) > 0) {
      priority = other;
    }
  }

  Priority priority() {
    return priority;
  }

  /** Ends it; what was verified stays for the next one. */
  void stop(Problem why) {
    stopped = why;
    links.wake();
  }

  boolean isStopping() {
    return stopped != null;
  }

  ArrivalProgress progress() {
    ChunkFlow flowing = flow;
    return flowing == null ? ArrivalProgress.NONE : flowing.progress();
  }

  private void run(Runnable afterwards) {
    try {
      Base base = bring();
      afterwards.run();
      result.complete(base);
    } catch (RatoonException failed) {
      afterwards.run();
      result.completeExceptionally(failed);
    } catch (RuntimeException | Error defect) {
      afterwards.run();
      result.completeExceptionally(
          Problem.of(ErrorCode.INTERNAL, "bringing base disk " + id().shortForm())
              .detail(String.valueOf(defect))
              .asException(defect));
    }
  }

  /** What it counts on of other bases must not leave meanwhile. */
  private Base bring() {
    try (Cache.Hold _ = cache.hold()) {
      return bringHolding();
    }
  }

  private Base bringHolding() {
    try {
      Manifest known =
          new ManifestStep(
                  incoming,
                  sizeBytes,
                  links,
                  surroundings.settings().patience(),
                  this::checkNotStopped)
              .run();
      manifest = known;
      Optional<Plan> plan =
          new PlanStep(cache, incoming, known, links, this::checkNotStopped).run();
      try (ArrivingContent arriving = open(known, plan)) {
        content = arriving;
        requireRoom(arriving.missingBytes(plan));
        tellResumed(arriving, this::tellVerified);
        fetch(known, arriving, plan);
        surroundings.listener().written(id(), progress());
        boolean withBlocks =
            arriving.finish(surroundings.workers(), surroundings.settings().parallelism());
        incoming.publish(known, arriving.layout(), withBlocks);
      } finally {
        content = null;
        plan.ifPresent(Plan::close);
      }
      return cache.use(id());
    } finally {
      incoming.removeScratch();
      links.close();
    }
  }

  private ArrivingContent open(Manifest known, Optional<Plan> plan) {
    return ArrivingContent.open(
        incoming, known, new ContentStep(cache, incoming, known, plan).run());
  }

  /** Returns when every chunk was verified and written. */
  private void fetch(Manifest known, ArrivingContent arriving, Optional<Plan> plan) {
    try {
      ChunkFlow chunks =
          new ChunkFlow(
              known,
              arriving,
              plan,
              links,
              surroundings,
              new ChunkFlow.Wishes(this::priority, this::tellVerified));
      flow = chunks;
      try {
        chunks.start();
        lookAfter(chunks, arriving);
      } finally {
        links.close();
        chunks.end();
        checkpoints.awaitQuiet();
      }
    } catch (RatoonException failed) {
      checkpoints.last(arriving);
      throw failed;
    }
  }

  private void requireRoom(long missing) {
    long free = incoming.freeBytes();
    if (missing > free - LEFT_FREE_BYTES) {
      throw Problem.of(ErrorCode.DISK_FULL, "making room for base disk " + id().shortForm())
          .detail(
              "Up to %s are still to come, and %s are free."
                  .formatted(ByteSize.show(missing), ByteSize.show(Math.max(0, free))))
          .next("Make room on the file system of " + cache.root() + ".")
          .asException();
    }
  }

  private void lookAfter(ChunkFlow chunks, ArrivingContent arriving) {
    NanoClock clock = links.clock();
    long patience = surroundings.settings().patience().toNanos();
    long progressAt = clock.nanos();
    long seen = -1;
    while (chunks.missing() > 0) {
      checkNotStopped();
      Optional<RatoonException> failure = chunks.failure();
      if (failure.isPresent()) {
        throw failure.get();
      }
      links.tick();
      chunks.pump();
      long now = clock.nanos();
      if (chunks.missing() != seen) {
        seen = chunks.missing();
        progressAt = now;
      }
      if (now - progressAt > patience || links.allBanned()) {
        throw links.exhausted(now - progressAt);
      }
      checkpoints.begin(arriving, now);
      links.await(LOOK_MILLIS);
    }
  }

  private void checkNotStopped() {
    Problem why = stopped;
    if (why != null) {
      throw why.asException();
    }
  }

  @Override
  public Optional<Manifest> manifest() {
    return Optional.ofNullable(manifest);
  }

  @Override
  public boolean has(long chunk) {
    ArrivingContent arriving = content;
    return arriving != null && arriving.isVerified(chunk);
  }

  @Override
  public void read(long chunk, ByteBuffer target) {
    ArrivingContent arriving = content;
    if (arriving == null || !arriving.isVerified(chunk)) {
      throw Problem.of(ErrorCode.WRONG_STATE, "reading base disk " + id().shortForm())
          .detail("The chunk " + chunk + " has not come, or the base is no longer arriving.")
          .asException();
    }
    arriving.readAll(chunk, target);
  }

  @Override
  public void onVerified(LongConsumer listener) {
    listeners.add(listener);
    ArrivingContent arriving = content;
    if (arriving != null) {
      tellResumed(arriving, listener);
    }
  }

  @Override
  public void forget(LongConsumer listener) {
    listeners.remove(listener);
  }

  private static void tellResumed(ArrivingContent arriving, LongConsumer listener) {
    Bits there = arriving.verified();
    for (long c = there.next(0); c < there.chunks(); c = there.next(c + 1)) {
      listener.accept(c);
    }
  }

  private void tellVerified(long chunk) {
    listeners.forEach(listener -> listener.accept(chunk));
  }
}
