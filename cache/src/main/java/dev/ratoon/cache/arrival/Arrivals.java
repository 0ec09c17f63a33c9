package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.Limits;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Brings base disks into one cache. Each is brought once at a time, however many ask for it: they
 * all get the one result. An arrival that was cut off, by a failure, a kill or a power loss, goes
 * on from what was verified when somebody asks for the base again.
 */
public final class Arrivals implements AutoCloseable {
  private final Cache cache;
  private final ExecutorService workers;
  private final Arrival.Surroundings surroundings;

  /** For what nobody waits for, one thing after the other. */
  private final ExecutorService background;

  /** The arrivals under way, each with the tickets of those who wait. */
  private final Map<DiskId, Arrival> arrivals = new HashMap<>();

  private final Map<Arrival, Set<ArrivalTicket>> waiting = new HashMap<>();

  /** Those that have begun and not ended; one that is stopping may have a successor already. */
  private final Set<Arrival> running = new HashSet<>();

  private ArrivalProgress past = ArrivalProgress.NONE;
  private boolean closed;

  /** Brings bases into {@code cache}, which is closed by whoever opened it, after this. */
  public Arrivals(Cache cache, ArrivalSettings settings, ArrivalListener listener) {
    this.cache = cache;
    this.workers =
        Executors.newFixedThreadPool(
            settings.parallelism(),
            task -> Thread.ofPlatform().name("arrival-worker").daemon().unstarted(task));
    this.surroundings =
        new Arrival.Surroundings(settings, new BufferPool(settings.buffers()), workers, listener);
    this.background =
        Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().name("cache-background").daemon().unstarted(task));
    background.execute(cache::computeMissingFingerprints);
    background.execute(cache::flattenAtTheBound);
  }

  /**
   * Brings a base, or joins those who wait for it already; if the cache has it, the result is there
   * at once.
   *
   * @param sizeBytes of the disk, as who named the id knows it: it bounds what a source can make us
   *     take
   * @param sources more can be added to the ticket
   * @throws RatoonException {@code invalid-value} if no disk has that size; {@code interrupted} if
   *     this is closed
   */
  public ArrivalTicket bring(
      DiskId id, long sizeBytes, Priority priority, Collection<? extends Source> sources) {
    requireSize(id, sizeBytes);
    Arrival arrival;
    ArrivalTicket ticket;
    CompletableFuture<Void> startAfter = CompletableFuture.completedFuture(null);
    boolean fresh;
    synchronized (this) {
      requireOpen();
      Optional<Base> there = ready(id);
      if (there.isPresent()) {
        return new ArrivalTicket(there.get());
      }
      Optional<Arrival> before = Optional.ofNullable(arrivals.get(id));
      fresh = before.isEmpty() || before.get().isStopping();
      if (fresh) {
        arrival = new Arrival(cache, id, sizeBytes, priority, surroundings);
        startAfter = before.map(Arrival::ended).orElse(startAfter);
        arrivals.put(id, arrival);
      } else {
        arrival = before.get();
      }
      ticket = new ArrivalTicket(arrival, this::leave);
      waiting.computeIfAbsent(arrival, _ -> new HashSet<>()).add(ticket);
    }
    arrival.raise(priority);
    if (fresh && isAdopted(id)) {
      arrival.add(new AdoptedSource(cache.adopted()));
    }
    sources.forEach(arrival::add);
    if (fresh) {
      // One that nobody waited for may still have the files.
      CompletableFuture<Void> _ = startAfter.thenRun(() -> start(arrival));
    }
    return ticket;
  }

  private Optional<Base> ready(DiskId id) {
    try {
      return cache.find(id).map(base -> cache.use(base.id()));
    } catch (RatoonException altered) {
      // A good copy takes its place.
      return Optional.empty();
    }
  }

  /** Whether an operator's file on this host has it. */
  private boolean isAdopted(DiskId id) {
    return cache.adopted().replicas().stream()
        .anyMatch(
            replica -> replica.base().id().equals(id) && replica.state() == ReplicaState.READY);
  }

  private void start(Arrival arrival) {
    synchronized (this) {
      running.add(arrival);
    }
    arrival.start(() -> {
      synchronized (this) {
        arrivals.remove(arrival.id(), arrival);
        waiting.remove(arrival);
        running.remove(arrival);
        past = past.plus(arrival.progress());
        if (!closed) {
          background.execute(cache::flattenAtTheBound);
        }
      }
    });
  }

  private void leave(Arrival arrival, ArrivalTicket ticket) {
    synchronized (this) {
      Set<ArrivalTicket> tickets = waiting.get(arrival);
      if (tickets != null && tickets.remove(ticket) && tickets.isEmpty()) {
        // Under the lock, so that nobody joins it any more.
        arrival.stop(stopped(arrival.id(), "Nobody waits for it any more."));
      }
    }
  }

  private static Problem stopped(DiskId id, String why) {
    return Problem.of(ErrorCode.INTERRUPTED, "bringing base disk " + id.shortForm())
        .detail(why)
        .next("What has come is kept for the next time.");
  }

  /** The base while it is arriving, to serve it to others. */
  public synchronized Optional<ArrivingBase> arriving(DiskId id) {
    return Optional.ofNullable(arrivals.get(id));
  }

  /** Of all arrivals since this was made, whatever became of them. */
  public synchronized ArrivalProgress total() {
    return running.stream().map(Arrival::progress).reduce(past, ArrivalProgress::plus);
  }

  /** What is arriving now. */
  public synchronized List<DiskId> underWay() {
    return List.copyOf(arrivals.keySet());
  }

  /** The arrivals that were cut off: they wait for somebody to bring the base again, or discard. */
  public List<DiskId> unfinished() {
    List<DiskId> underWay = underWay();
    return cache.unfinishedArrivals().stream().filter(id -> !underWay.contains(id)).toList();
  }

  /** Removes what has come of a base whose arrival was cut off; nothing if it is under way. */
  public synchronized void discard(DiskId id) {
    if (!arrivals.containsKey(id)) {
      cache.incoming(id).discard();
    }
  }

  private static void requireSize(DiskId id, long sizeBytes) {
    if (sizeBytes < 1
        || sizeBytes > Limits.MAX_DISK_BYTES
        || sizeBytes % Limits.SECTOR_BYTES != 0) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "bringing base disk " + id.shortForm())
          .detail("No disk has " + sizeBytes + " bytes.")
          .next("A disk's size is a multiple of 512, up to 64 TiB.")
          .asException();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw Problem.of(ErrorCode.INTERRUPTED, "bringing a base disk")
          .detail("Ratoon is ending.")
          .asException();
    }
  }

  /** Ends all arrivals, and returns when none works at the cache's files any more. */
  @Override
  public void close() {
    List<Arrival> ending;
    synchronized (this) {
      closed = true;
      ending = List.copyOf(arrivals.values());
    }
    ending.forEach(arrival -> arrival.stop(stopped(arrival.id(), "Ratoon is ending.")));
    CompletableFuture.allOf(
            ending.stream().map(Arrival::ended).toArray(CompletableFuture<?>[]::new))
        .join();
    List<Runnable> _ = background.shutdownNow();
    workers.close();
    background.close();
  }
}
