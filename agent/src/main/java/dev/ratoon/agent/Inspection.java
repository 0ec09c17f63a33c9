package dev.ratoon.agent;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.vm.Stores;
import dev.ratoon.agent.vm.VmKeepers;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.Findings.BlockJob;
import dev.ratoon.protocol.agent.Findings.Leftover;
import dev.ratoon.protocol.agent.Findings.Stray;
import dev.ratoon.protocol.agent.Lineage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at what is on the host whether or not anybody asked for it. What takes long, folders and
 * block jobs, is looked at every so often, and when the server was away; the rest whenever the host
 * reports.
 */
final class Inspection {
  private static final Logger LOG = LoggerFactory.getLogger(Inspection.class);
  private static final int MOST_LEFTOVERS = 100;
  private static final int MOST_STRAYS = 1000;

  private final VmKeepers vms;
  private final Cache cache;
  private final Bases bases;
  private final long everyNanos;
  private volatile boolean again = true;

  /** As they were found last. */
  private volatile List<BlockJob> blockJobs = List.of();

  /** One look at them at a time. */
  private final Semaphore looking = new Semaphore(1);

  // Only the thread that reports uses what follows.
  private long lookedNanos;
  private List<Leftover> leftovers = List.of();

  Inspection(VmKeepers vms, Stores stores, Duration every) {
    this.vms = vms;
    this.cache = stores.cache();
    this.bases = stores.bases();
    this.everyNanos = every.toNanos();
  }

  /** Looks at everything the next time: somebody may not have heard of the last. */
  void again() {
    again = true;
  }

  /**
   * @param strays as they are now
   */
  Findings now(Optional<DesiredState> newest, List<Stray> strays) {
    long now = System.nanoTime();
    if (again || now - lookedNanos > everyNanos) {
      again = false;
      lookedNanos = now;
      look();
    }
    return new Findings(
        newest.map(DesiredState::revision).orElse(0L),
        newest.flatMap(DesiredState::lineage).map(Lineage::run),
        strays.stream().limit(MOST_STRAYS).toList(),
        blockJobs,
        leftovers.stream().limit(MOST_LEFTOVERS).toList(),
        leftovers.size());
  }

  private void look() {
    if (looking.tryAcquire()) {
      Thread.ofVirtual().name("block-jobs").start(this::lookAtBlockJobs);
    }
    try {
      List<Leftover> found = new ArrayList<>(vms.leftovers());
      List<String> arriving =
          bases.arriving().stream().map(base -> base.diskId().toString()).toList();
      cache.leftovers().stream()
          .filter(one ->
              arriving.stream().noneMatch(String.valueOf(one.file().getFileName())::startsWith))
          .map(one -> new Leftover(one.file().toString(), StoredBytes.of(one.file()), one.why()))
          .forEach(found::add);
      leftovers = found;
    } catch (RatoonException unavailable) {
      LOG.info("The host was not looked at in full: {}", unavailable.problem().oneLine());
    }
  }

  /** A domain that does not answer holds up whoever asks, and no report is to wait for that. */
  private void lookAtBlockJobs() {
    try {
      blockJobs = vms.blockJobs();
    } catch (RatoonException unavailable) {
      LOG.info("Block jobs were not looked at: {}", unavailable.problem().oneLine());
    } finally {
      looking.release();
    }
  }
}
