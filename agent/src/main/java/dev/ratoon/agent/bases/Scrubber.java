package dev.ratoon.agent.bases;

import dev.ratoon.agent.work.Timeline;
import dev.ratoon.cache.Replica;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.ScrubRules;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the bases of which nobody speaks: reads each again when its content was not verified
 * for as long as the rules say, the longest unread first, one at a time; and tries now and then to
 * mend what is suspect, in case a good copy can be had by now. Nothing is ever removed.
 */
final class Scrubber implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scrubber.class);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);
  private static final Duration REST = Duration.ofHours(1);

  private final BaseWork work;
  private final InstantSource clock;
  private final Semaphore turn;
  private final Thread thread;

  /** Bases with which something went wrong, and when to try again. Used by one thread. */
  private final Map<DiskId, Instant> notBefore = new HashMap<>();

  /**
   * @param turn to be held while a base is read
   */
  Scrubber(BaseWork work, InstantSource clock, Semaphore turn) {
    this.work = work;
    this.clock = clock;
    this.turn = turn;
    this.thread = Thread.ofVirtual().name("scrubber").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (true) {
        TimeUnit.MILLISECONDS.sleep(LOOK_EVERY.toMillis());
        tend();
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks after all that is to be looked after now. */
  void tend() throws InterruptedException {
    for (Optional<Replica> next = next(); next.isPresent(); next = next()) {
      turn.acquire();
      try {
        lookAfter(next.get());
      } finally {
        turn.release();
      }
    }
  }

  private Optional<Replica> next() {
    Instant now = clock.instant();
    List<Replica> replicas = work.cache().replicas();
    notBefore.values().removeIf(now::isAfter);
    return replicas.stream()
        .filter(replica -> !notBefore.containsKey(replica.base().id()) && isDue(replica, now))
        .min(Comparator.comparing(replica -> replica.verifiedAt().orElse(Instant.MIN)));
  }

  private boolean isDue(Replica replica, Instant now) {
    ScrubRules rules = work.rules();
    if (replica.layout() == Layout.ADOPTED) {
      // An operator's: who adopted it looks after it, and nobody mends it.
      return false;
    }
    if (replica.state() == ReplicaState.SUSPECT) {
      return true;
    }
    return rules.days() > 0
        && replica
            .verifiedAt()
            .filter(at -> at.plus(Duration.ofDays(rules.days())).isAfter(now))
            .isEmpty();
  }

  private void lookAfter(Replica replica) throws InterruptedException {
    DiskId id = replica.base().id();
    // Whatever comes of it, not at once again.
    notBefore.put(id, clock.instant().plus(REST));
    try {
      Timeline unseen = new Timeline(clock, () -> {});
      String verdict =
          replica.state() == ReplicaState.SUSPECT
              ? work.mended(id, unseen)
              : work.scrubbed(id, unseen);
      LOG.info("Base disk {} was looked after: {}", id, verdict);
    } catch (RatoonException failed) {
      if (failed.problem().code() == ErrorCode.INTERRUPTED) {
        throw new InterruptedException();
      }
      LOG.error("Base disk {}: {}", id, failed.problem().oneLine());
    } catch (RuntimeException defect) {
      LOG.error("Base disk {}: unexpected failure", id, defect);
    }
  }
}
