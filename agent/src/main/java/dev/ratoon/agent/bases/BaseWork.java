package dev.ratoon.agent.bases;

import dev.ratoon.agent.work.Timeline;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.CopyProgress;
import dev.ratoon.cache.Pace;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.ScrubRules;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The deeds behind what is asked for a base disk. Each can be killed half-way and done again. */
public final class BaseWork {
  private static final String BASE = "base";
  private static final String READ = "read";
  private static final String MEND = "mend";

  private final Cache cache;
  private final Bases bases;
  private final Function<DiskId, List<String>> standingOn;
  private final Function<DiskId, Optional<String>> needing;
  private volatile Set<DiskId> kept = Set.of();
  private volatile ScrubRules rules = ScrubRules.OFF;

  /** Of a host on which nothing else needs a base. */
  BaseWork(Cache cache, Bases bases, Function<DiskId, List<String>> standingOn) {
    this(cache, bases, standingOn, id -> Optional.empty());
  }

  /**
   * @param standingOn the names of the VMs whose disks are children of a base
   * @param needing what else on the host needs a base, in words, looked at anew each time
   */
  public BaseWork(
      Cache cache,
      Bases bases,
      Function<DiskId, List<String>> standingOn,
      Function<DiskId, Optional<String>> needing) {
    this.cache = cache;
    this.bases = bases;
    this.standingOn = standingOn;
    this.needing = needing;
  }

  Cache cache() {
    return cache;
  }

  ScrubRules rules() {
    return rules;
  }

  /** From now on it is scrubbed like that. */
  void follow(ScrubRules newer) {
    rules = newer;
  }

  /** These are to be here, as operators have asked. */
  void keep(Set<DiskId> wanted) {
    kept = Set.copyOf(wanted);
  }

  /** What came of it, in words. */
  String carryOut(DesiredBase wish, Timeline timeline) {
    return switch (wish.task()) {
      case PRECACHE -> precached(wish.diskId(), timeline);
      case VERIFY ->
          verified(
              wish.diskId(), progress -> cache.verify(wish.diskId(), Pace.ANY, progress), timeline);
      case SCRUB -> scrubbed(wish.diskId(), timeline);
      case EVICT -> removed(wish.diskId(), timeline);
    };
  }

  /** Whether what was done need not be done again, as one look tells. */
  boolean isDone(DesiredBase wish) {
    return switch (wish.task()) {
      case PRECACHE -> cache.isReady(wish.diskId());
      case VERIFY, SCRUB, EVICT -> true;
    };
  }

  private String removed(DiskId id, Timeline timeline) {
    if (cache.files(id).isEmpty()) {
      return "it was not there any more";
    }
    long[] freed = {0};
    timeline.step("remove", () -> freed[0] = cache.remove(id, () -> objection(id)));
    return "removed, " + ByteSize.show(freed[0]) + " are free again";
  }

  private Optional<String> objection(DiskId id) {
    return kept.contains(id)
        ? Optional.of("It was asked for here: ratoon base precache.")
        : needing.apply(id);
  }

  private String precached(DiskId id, Timeline timeline) {
    if (cache.isReady(id)) {
      return "it was there already";
    }
    timeline.step(BASE, () -> bring(id, timeline, BASE));
    return "it has come";
  }

  /** Reads a base again as gently as the rules say, from where it was cut off, and mends it. */
  String scrubbed(DiskId id, Timeline timeline) {
    Pace pace = Pace.of(rules.bytesPerSecond());
    return verified(id, progress -> cache.scrub(id, pace, progress), timeline);
  }

  /** Makes sure of a suspect base, or has a good copy take its place. */
  String mended(DiskId id, Timeline timeline) {
    timeline.step(MEND, () -> bring(id, timeline, MEND));
    return "it is sound, or a good copy took its place";
  }

  private String verified(DiskId id, Function<CopyProgress, Base> reading, Timeline timeline) {
    CopyProgress seldom = new Seldom((done, total) -> timeline.progress(READ, done, total));
    try {
      timeline.step(
          READ,
          () -> {
            Base _ = reading.apply(seldom);
          });
      return "sound";
    } catch (RatoonException damaged) {
      if (damaged.problem().code() != ErrorCode.BASE_ALTERED) {
        throw damaged;
      }
      return mended(id, damaged.problem(), timeline);
    }
  }

  /** A good copy takes the place of a damaged one, which is kept. */
  private String mended(DiskId id, Problem damage, Timeline timeline) {
    String vms = vms(id);
    try {
      timeline.step(MEND, () -> bring(id, timeline, MEND));
    } catch (RatoonException failed) {
      boolean saysSo = failed.problem().code() == ErrorCode.BASE_ALTERED;
      Problem whole = saysSo ? failed.problem() : Damaged.unmended(damage, failed).problem();
      throw vms.isEmpty() || whole.code() == ErrorCode.INTERRUPTED
          ? whole.asException(failed)
          : whole.detail(whole.detail() + " VMs stand on it: " + vms + ".").asException(failed);
    }
    return "it was damaged, and a good copy took its place. "
        + damage.detail()
        + (vms.isEmpty()
            ? ""
            : " VMs that run stand on the bad file, which is kept, until they are started anew: "
                + vms);
  }

  private String vms(DiskId id) {
    return String.join(", ", standingOn.apply(id));
  }

  private void bring(DiskId id, Timeline timeline, String step) {
    try {
      Base _ =
          bases.ready(id, Priority.PRECACHE, (done, total) -> timeline.progress(step, done, total));
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "bringing base disk " + id.shortForm())
          .asException(stopped);
    }
  }
}
