package dev.ratoon.cache.arrival;

import dev.ratoon.cache.arrival.ArrivalListener.Left;
import dev.ratoon.cache.arrival.ArrivalListener.Reason;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;

/**
 * The sources of one arrival, and the schedule of what is asked of which. Opens them, leaves those
 * that lie, fail or fall silent, and tries again later. One lock guards all of it; sources are
 * never called while it is held, as they may call back.
 */
final class SourceLinks implements AutoCloseable {
  private static final long TICK_NANOS = 50_000_000;
  private static final long BUSY_PAUSE_NANOS = 200_000_000;

  private final DiskId id;
  private final long chunks;
  private final Arrival.Surroundings surroundings;
  private final NanoClock clock;
  private final Schedule schedule;
  private final List<SourceLink> links = new ArrayList<>();
  private final Semaphore happened = new Semaphore(0);
  private Runnable changed = () -> {};
  private long tickedAt;
  private int firstLink;
  private boolean closed;

  SourceLinks(DiskId id, long sizeBytes, Arrival.Surroundings surroundings) {
    ArrivalSettings settings = surroundings.settings();
    this.id = id;
    this.chunks = (sizeBytes - 1) / dev.ratoon.disk.Limits.CHUNK_BYTES + 1;
    this.surroundings = surroundings;
    this.clock = settings.clock();
    this.tickedAt = clock.nanos() - TICK_NANOS;
    this.schedule =
        new Schedule(chunks, settings.self(), new Random(settings.seed() ^ id.hashCode()));
  }

  /** A source of this name that is known is not added again. */
  void add(Source source) {
    synchronized (this) {
      if (closed || links.stream().anyMatch(l -> l.source().name().equals(source.name()))) {
        return;
      }
      links.add(new SourceLink(source));
    }
    openWhatMayOpen();
  }

  /** Calls {@code listener} when there may be something to ask for. */
  synchronized void onChange(Runnable listener) {
    changed = listener;
  }

  /** Looks after the sources; to be called often. */
  void tick() {
    List<SourceLink> silent = new ArrayList<>();
    List<SourceLink> slow = new ArrayList<>();
    synchronized (this) {
      long now = clock.nanos();
      if (now - tickedAt < TICK_NANOS) {
        return;
      }
      tickedAt = now;
      schedule.tick(now);
      List<SourceTrack> lost = SourceHealth.silent(schedule.tracks(), now);
      List<SourceTrack> lagging = SourceHealth.lagging(schedule.tracks());
      for (SourceLink link : links) {
        link.track().filter(lost::contains).ifPresent(_ -> silent.add(link));
        link.track().filter(lagging::contains).ifPresent(_ -> slow.add(link));
      }
    }
    for (SourceLink link : silent) {
      leave(link, Reason.SILENT, SourceProblems.of(id, link.source(), "It says nothing any more."));
    }
    for (SourceLink link : slow) {
      leave(
          link,
          Reason.SLOW,
          SourceProblems.of(id, link.source(), "It is much slower than the others."));
    }
    openWhatMayOpen();
  }

  private void openWhatMayOpen() {
    List<SourceLink> opening = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    synchronized (this) {
      long now = clock.nanos();
      for (SourceLink link : links) {
        if (!closed && link.mayOpen(now)) {
          Source source = link.source();
          opening.add(link);
          numbers.add(link.opening(schedule.add(source.name(), source.kind(), now)));
        }
      }
    }
    for (int i = 0; i < opening.size(); i++) {
      open(opening.get(i), numbers.get(i));
    }
  }

  private void open(SourceLink link, int number) {
    Feed feed;
    try {
      feed = link.source().open(id, new Hearing(link, number));
    } catch (RatoonException failed) {
      leave(link, Reason.FAILED, failed.problem());
      return;
    }
    boolean late;
    synchronized (this) {
      late = closed || link.opened() != number;
      if (!late) {
        link.opened(feed);
        wake();
      }
    }
    if (late) {
      feed.close();
    } else {
      tellChanged();
    }
  }

  /** What one feed says of itself. */
  private final class Hearing implements FeedListener {
    private final SourceLink link;
    private final int number;

    Hearing(SourceLink link, int number) {
      this.link = link;
      this.number = number;
    }

    @Override
    public void hasAll() {
      synchronized (SourceLinks.this) {
        if (link.opened() == number) {
          link.track().ifPresent(schedule::hasAll);
        }
      }
      tellChanged();
    }

    @Override
    public void has(long firstChunk, long count) {
      synchronized (SourceLinks.this) {
        if (link.opened() == number && firstChunk >= 0 && count >= 0) {
          long end = Math.min(chunks, firstChunk + Math.min(count, chunks));
          link.track()
              .ifPresent(track -> {
                for (long chunk = firstChunk; chunk < end; chunk++) {
                  schedule.has(track, chunk);
                }
              });
        }
      }
      tellChanged();
    }

    @Override
    public void failed(Problem why) {
      boolean current;
      synchronized (SourceLinks.this) {
        current = link.opened() == number;
      }
      if (current) {
        leave(link, Reason.FAILED, why);
      }
    }
  }

  private void tellChanged() {
    Runnable listener;
    synchronized (this) {
      listener = changed;
    }
    listener.run();
  }

  /** Leaves a source: what it was asked for is asked of others. */
  void leave(SourceLink link, Reason reason, Problem why) {
    Optional<Feed> feed;
    List<ChunkFetch> fetches;
    synchronized (this) {
      boolean leftBefore = !link.isOpen() && reason != Reason.WRONG_CONTENT;
      if (link.isBanned() || leftBefore || closed) {
        return;
      }
      link.track().ifPresent(link.isBeginner(why) ? schedule::removeBeginner : schedule::remove);
      feed = link.leave(reason, why, clock.nanos());
      fetches = new ArrayList<>(link.fetches().values());
      link.fetches().clear();
      wake();
    }
    giveUp(fetches);
    feed.ifPresent(Feed::close);
    surroundings.listener().left(id, link.source(), new Left(reason, why));
    tellChanged();
  }

  private void giveUp(List<ChunkFetch> fetches) {
    for (ChunkFetch fetch : fetches) {
      if (fetch.giveUp()) {
        surroundings.buffers().give(fetch.buffer());
      }
    }
  }

  /** The chunk has to be fetched. */
  synchronized void want(long chunk) {
    schedule.want(chunk);
  }

  /**
   * What to ask for next, if anything, of any source; it then counts as asked.
   *
   * @param maker makes the fetch of a chunk from a source
   */
  synchronized Optional<ChunkFetch> next(BiFunction<SourceLink, Schedule.Asked, ChunkFetch> maker) {
    long now = clock.nanos();
    for (int i = 0; i < links.size() && !closed; i++) {
      // They take turns, so that none is favoured when there are few buffers.
      SourceLink link = links.get((firstLink + i) % links.size());
      boolean hasRoom = link.feed().filter(feed -> feed.room() > 0).isPresent();
      if (hasRoom && link.track().isPresent()) {
        Optional<Schedule.Asked> asked = schedule.next(link.track().get(), now);
        if (asked.isPresent()) {
          firstLink = (firstLink + i + 1) % links.size();
          ChunkFetch fetch = maker.apply(link, asked.get());
          link.fetches().put(asked.get().chunk(), fetch);
          return Optional.of(fetch);
        }
      }
    }
    return Optional.empty();
  }

  /** An answer came; whether anybody waits for it. Others who were asked need not answer. */
  boolean arrived(ChunkFetch fetch) {
    List<ChunkFetch> others = new ArrayList<>();
    synchronized (this) {
      SourceLink link = fetch.link();
      if (!link.fetches().remove(fetch.chunk(), fetch) || link.track().isEmpty()) {
        return false;
      }
      Optional<List<SourceTrack>> asked =
          schedule.arrived(
              link.track().get(), fetch.chunk(), fetch.request().bytes(), clock.nanos());
      if (asked.isEmpty()) {
        return false;
      }
      link.proven();
      for (SourceLink other : links) {
        if (other.track().filter(asked.get()::contains).isPresent()) {
          ChunkFetch useless = other.fetches().remove(fetch.chunk());
          if (useless != null) {
            others.add(useless);
          }
        }
      }
    }
    giveUp(others);
    return true;
  }

  /** A source has just given the chunk to another host. */
  synchronized void elsewhere(ChunkFetch fetch) {
    SourceLink link = fetch.link();
    if (link.fetches().remove(fetch.chunk(), fetch) && link.track().isPresent()) {
      schedule.elsewhere(link.track().get(), fetch.chunk(), clock.nanos());
    }
  }

  /** A source cannot deliver one chunk. One that is busy is left in peace for a while. */
  void failed(ChunkFetch fetch, Problem why) {
    boolean tooOften = false;
    synchronized (this) {
      SourceLink link = fetch.link();
      if (link.fetches().remove(fetch.chunk(), fetch) && link.track().isPresent()) {
        SourceTrack track = link.track().get();
        schedule.failed(track, fetch.chunk());
        track.pause(clock.nanos() + BUSY_PAUSE_NANOS);
        tooOften = why.code() != ErrorCode.BUSY && track.refused();
      }
    }
    if (tooOften) {
      leave(fetch.link(), Reason.FAILED, why);
    }
  }

  /** The sources that can be asked. */
  synchronized List<SourceLink> open() {
    return links.stream().filter(link -> link.feed().isPresent()).toList();
  }

  /** Whether there are sources, and all of them were left for good. */
  synchronized boolean allBanned() {
    return !links.isEmpty() && links.stream().allMatch(SourceLink::isBanned);
  }

  /** That nothing comes from anywhere, with what each source said last. */
  synchronized RatoonException exhausted(long nanos) {
    return SourceProblems.exhausted(id, links, nanos);
  }

  /** Waits until something has happened, or somebody looks after it all again. */
  void await(long millis) {
    try {
      boolean _ = happened.tryAcquire(millis, TimeUnit.MILLISECONDS);
      int _ = happened.drainPermits();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "bringing base disk " + id.shortForm())
          .asException(e);
    }
  }

  void wake() {
    happened.release();
  }

  DiskId id() {
    return id;
  }

  NanoClock clock() {
    return clock;
  }

  /** Closes all sources; whatever they still say is not heard. */
  @Override
  public void close() {
    List<Feed> feeds = new ArrayList<>();
    List<ChunkFetch> fetches = new ArrayList<>();
    synchronized (this) {
      closed = true;
      for (SourceLink link : links) {
        link.feed().ifPresent(feeds::add);
        fetches.addAll(link.fetches().values());
        link.fetches().clear();
      }
      links.clear();
      wake();
    }
    giveUp(fetches);
    feeds.forEach(Feed::close);
  }
}
