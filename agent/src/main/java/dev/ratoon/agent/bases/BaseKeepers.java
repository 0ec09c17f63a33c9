package dev.ratoon.agent.bases;

import dev.ratoon.agent.work.Patience;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.ScrubRules;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;

/**
 * What this host is asked to do for base disks, each with its keeper, and what it does for them
 * unasked. No hypervisor is needed for it.
 */
public final class BaseKeepers implements AutoCloseable {
  /** More at once would not come sooner, and each takes some memory. */
  private static final int AT_ONCE = 4;

  private static final Duration PATIENCE = Duration.ofHours(1);

  private final BaseWork work;
  private final InstantSource clock;
  private final Duration patience;
  private final Runnable changed;
  private final Map<BaseTask, Semaphore> turns =
      Map.of(
          BaseTask.PRECACHE, new Semaphore(AT_ONCE, true),
          BaseTask.VERIFY, new Semaphore(1, true),
          BaseTask.SCRUB, new Semaphore(1, true),
          BaseTask.EVICT, new Semaphore(1, true));
  private final Scrubber scrubber;
  private final Map<Key, BaseKeeper> keepers = new ConcurrentHashMap<>();
  private final Set<Key> news = ConcurrentHashMap.newKeySet();

  /** One thing to do for one base. */
  private record Key(DiskId base, BaseTask task) {
    static Key of(DesiredBase wish) {
      return new Key(wish.diskId(), wish.task());
    }
  }

  /**
   * @param changed is run when there is something new to report; must return at once
   */
  public BaseKeepers(BaseWork work, InstantSource clock, Runnable changed) {
    this(work, clock, PATIENCE, changed);
  }

  BaseKeepers(BaseWork work, InstantSource clock, Duration patience, Runnable changed) {
    this.work = work;
    this.clock = clock;
    this.patience = patience;
    this.changed = changed;
    this.scrubber = new Scrubber(work, clock, turn(BaseTask.SCRUB));
    scrubber.start();
  }

  private Semaphore turn(BaseTask task) {
    return Objects.requireNonNull(turns.get(task));
  }

  /**
   * Takes up what is asked. What is no longer asked for is no longer worked at; what is there of it
   * stays.
   *
   * @param rules how the host looks for silent corruption by itself
   */
  public void want(Collection<DesiredBase> wishes, ScrubRules rules) {
    work.follow(rules);
    work.keep(
        wishes.stream()
            .filter(wish -> wish.task() == BaseTask.PRECACHE)
            .map(DesiredBase::diskId)
            .collect(Collectors.toSet()));
    Set<Key> wanted = new HashSet<>();
    for (DesiredBase wish : wishes) {
      Key key = Key.of(wish);
      wanted.add(key);
      BaseKeeper known = keepers.get(key);
      if (known != null) {
        known.want(wish);
      } else {
        BaseKeeper made =
            new BaseKeeper(
                wish, work, clock, new Patience(patience), turn(key.task()), () -> changed(key));
        keepers.put(key, made);
        made.start();
      }
    }
    for (Key key : List.copyOf(keepers.keySet())) {
      BaseKeeper unwanted = wanted.contains(key) ? null : keepers.remove(key);
      if (unwanted != null) {
        unwanted.close();
      }
    }
  }

  /** A base may have come, or may no longer be as it was. */
  public void cacheChanged() {
    keepers.values().forEach(BaseKeeper::poke);
  }

  /** All that is asked for, and how far it is. */
  public List<BaseReport> reports() {
    return keepers.values().stream().map(BaseKeeper::report).toList();
  }

  /** What got on since this was asked before. */
  public List<BaseReport> news() {
    List<Key> keys = List.copyOf(news);
    keys.forEach(news::remove);
    return keys.stream()
        .flatMap(key -> {
          BaseKeeper keeper = keepers.get(key);
          return keeper == null
              ? List.<BaseReport>of().stream()
              : List.of(keeper.report()).stream();
        })
        .toList();
  }

  private void changed(Key key) {
    news.add(key);
    changed.run();
  }

  @Override
  public void close() {
    scrubber.close();
    keepers.values().forEach(BaseKeeper::close);
  }
}
