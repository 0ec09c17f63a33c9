package dev.ratoon.cache.arrival;

import dev.ratoon.cache.arrival.ArrivalListener.Reason;
import dev.ratoon.cache.arrival.Plan.Parts;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * The chunks of one arrival on their way: asked for, put together, verified, written. Answers come
 * on the sources' threads. If those are free for it, they verify and write them; else they only
 * copy them, and the workers that all arrivals share do the rest.
 *
 * <p>A chunk that was put together of what relatives have and does not match the manifest is
 * fetched whole. One that was fetched whole and does not match is the source's fault: it is left
 * for good.
 */
final class ChunkFlow implements ChunkFetch.Listener {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Manifest manifest;
  private final ArrivingContent content;
  private final Assembly assembly;
  private final SourceLinks links;
  private final Arrival.Surroundings surroundings;
  private final Wishes wishes;
  private final FlowTasks tasks;
  private final FlowCounts counts = new FlowCounts();

  /** Chunks that are made of relatives' blocks alone, and not taken in hand yet. */
  private final Bits local;

  private long nextLocal;
  private final AtomicInteger pumping = new AtomicInteger();
  private final Runnable pump = this::pump;
  private final Runnable localAgain = this::startLocal;

  /**
   * What the arrival wants of the flow.
   *
   * @param priority how urgent it is at the moment
   * @param verifiedListener hears of each chunk that was verified and written
   */
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
    this.assembly = new Assembly(manifest, plan);
    this.links = links;
    this.surroundings = surroundings;
    this.wishes = wishes;
    this.tasks =
        new FlowTasks(
            surroundings.workers(), "bringing base disk " + manifest.id().shortForm(), links::wake);
    this.local = new Bits(manifest.chunks());
  }

  /** Begins. */
  void start() {
    Bits there = content.verified();
    for (long c = manifest.nextData(0); c < manifest.chunks(); c = manifest.nextData(c + 1)) {
      if (there.get(c)) {
        counts.resumed(manifest.chunkBytes(c));
      } else {
        counts.missing(manifest.chunkBytes(c));
        if (assembly.parts(c).missing() == 0) {
          local.set(c);
        } else {
          links.want(c);
        }
      }
    }
    links.onChange(pump);
    for (int i = 0; i < surroundings.settings().parallelism(); i++) {
      startLocal();
    }
    pump();
  }

  /** How many chunks are still to come. */
  long missing() {
    return counts.missingChunks();
  }

  Optional<RatoonException> failure() {
    return tasks.failure();
  }

  ArrivalProgress progress() {
    return counts.progress();
  }

  /** Asks for as much as sources and buffers allow. One thread does, however many call. */
  void pump() {
    if (pumping.getAndIncrement() != 0) {
      return;
    }
    int calls = 1;
    while (calls != 0) {
      askForAll();
      calls = pumping.addAndGet(-calls);
    }
  }

  private void askForAll() {
    Set<Feed> asked = new LinkedHashSet<>();
    try {
      Optional<ChunkFetch> fetch;
      do {
        fetch = tasks.areEnding() ? Optional.empty() : ask();
        fetch.flatMap(made -> made.link().feed()).ifPresent(asked::add);
      } while (fetch.isPresent());
    } finally {
      asked.forEach(Feed::flush);
    }
  }

  private Optional<ChunkFetch> ask() {
    Optional<ByteBuffer> buffer = surroundings.buffers().tryTake(pump);
    if (buffer.isEmpty()) {
      return Optional.empty();
    }
    Optional<ChunkFetch> next = links.next((link, asked) -> fetch(link, asked, buffer.get()));
    if (next.isEmpty()) {
      surroundings.buffers().give(buffer.get());
      return next;
    }
    send(next.get());
    return next;
  }

  private void send(ChunkFetch fetch) {
    try {
      // If it was left this moment, the fetch was given up with it.
      fetch.link().feed().ifPresent(fetch::send);
    } catch (RatoonException refused) {
      fetch.failed(refused.problem());
    }
  }

  private ChunkFetch fetch(SourceLink link, Schedule.Asked asked, ByteBuffer buffer) {
    Parts parts = assembly.parts(asked.chunk());
    int bytes = assembly.bytes(asked.chunk(), parts.missing());
    ChunkRequest request =
        new ChunkRequest(
            asked.chunk(), parts.missing(), bytes, wishes.priority().get(), asked.sparing());
    return new ChunkFetch(link, request, parts, buffer, this);
  }

  @Override
  public void arrived(ChunkFetch fetch, ByteBuffer content) {
    counts.fetched(fetch.request().bytes(), fetch.link().source().kind());
    tasks.here(() -> take(fetch, content));
    pump();
  }

  private void take(ChunkFetch fetch, ByteBuffer content) {
    if (!links.arrived(fetch)) {
      surroundings.buffers().give(fetch.buffer());
    } else if (fetch.staysInPlace()) {
      pump();
      land(fetch, content.slice());
    } else {
      ByteBuffer kept = fetch.buffer().clear().put(content).flip();
      tasks.add(() -> land(fetch, kept));
    }
  }

  @Override
  public void elsewhere(ChunkFetch fetch) {
    surroundings.buffers().give(fetch.buffer());
    links.elsewhere(fetch);
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
    Problem problem = SourceProblems.wrong(manifest.id(), fetch.link().source(), why);
    links.leave(fetch.link(), Reason.WRONG_CONTENT, problem);
  }

  /** What has arrived is put together, verified and written. */
  private void land(ChunkFetch fetch, ByteBuffer content) {
    long chunk = fetch.chunk();
    try {
      if (tasks.failure().isPresent()) {
        return;
      }
      if (fetch.parts().equals(Parts.WHOLE)) {
        if (!accept(chunk, content, Parts.WHOLE)) {
          links.want(chunk);
          blame(fetch, "The chunk %d is not as the manifest says.".formatted(chunk));
        }
      } else {
        putTogether(chunk, fetch.parts(), content);
      }
    } finally {
      surroundings.buffers().give(fetch.buffer());
    }
    pump();
  }

  /** Makes a chunk with blocks of relatives; if that goes wrong, it is fetched whole. */
  private void putTogether(long chunk, Parts parts, ByteBuffer fetched) {
    Optional<ByteBuffer> made = assembly.make(chunk, parts, fetched);
    if (made.isEmpty() || !accept(chunk, made.get(), parts)) {
      assembly.wasWrong(chunk);
      links.want(chunk);
    }
  }

  /** Whether it is what the manifest says; then it is written. */
  private boolean accept(long chunk, ByteBuffer made, Parts parts) {
    if (!manifest.matches(chunk, ArrivingContent.digest(made))) {
      return false;
    }
    content.write(chunk, made, parts.local());
    if (counts.verified(made.limit(), assembly.bytes(chunk, parts.local()))) {
      links.wake();
    }
    wishes.verifiedListener().accept(chunk);
    return true;
  }

  /** Takes the next chunk in hand that needs nothing from elsewhere, and then the one after it. */
  private void startLocal() {
    tasks.add(() -> {
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
    synchronized (local) {
      chunk = local.next(nextLocal);
      nextLocal = chunk + 1;
    }
    if (chunk < local.chunks() && !tasks.areEnding()) {
      Parts parts = assembly.parts(chunk);
      if (parts.missing() == 0) {
        putTogether(chunk, parts, NOTHING);
      } else {
        // The plan is no longer believed.
        links.want(chunk);
      }
      startLocal();
      pump();
    }
  }

  /** Ends it, and returns when nothing works at the files any more. */
  void end() {
    tasks.end();
  }
}
