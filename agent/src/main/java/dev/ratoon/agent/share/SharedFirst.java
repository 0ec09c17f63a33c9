package dev.ratoon.agent.share;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.bases.MoveRoad;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.cache.share.Claim;
import dev.ratoon.cache.share.Lease;
import dev.ratoon.cache.share.Share;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.TransferReport;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bases of a host with shares. One that the host has itself is used as it is; else one that a
 * mounted share has, where it lies. What neither has is brought by the one host that gets the
 * share's lease for it: into its own cache, as without a share, and from there onto the share. The
 * others wait for it for as long as that host is alive, and bring it themselves when it is not, or
 * when the share does not answer.
 */
public final class SharedFirst implements Bases {
  private static final Logger LOG = LoggerFactory.getLogger(SharedFirst.class);
  private static final long LOOK_MILLIS = 250;
  private static final int MOST_LOOKS_IN_VAIN = 20;

  private final Cache own;
  private final Shares shares;
  private final Bases others;

  /**
   * @param others brings what is on no share; closed with this
   */
  public SharedFirst(Cache own, Shares shares, Bases others) {
    this.own = own;
    this.shares = shares;
    this.others = others;
  }

  @Override
  public Base ready(DiskId id, Priority priority, Progress progress) throws InterruptedException {
    int looks = 0;
    while (own.find(id).isEmpty() && looks < MOST_LOOKS_IN_VAIN) {
      Optional<Base> shared = shared(id, progress);
      if (shared.isPresent()) {
        return shared.get();
      }
      Optional<Share> share =
          shares.mounted().stream().filter(s -> s.state() == ShareState.READY).findFirst();
      Optional<Claim> claim = share.flatMap(s -> claimed(s, id));
      boolean waits =
          claim
              .filter(c -> !(c instanceof Claim.HeldHere || c instanceof Claim.Leaving))
              .isPresent();
      if (!waits) {
        return others.ready(id, priority, progress);
      }
      if (claim.get() instanceof Claim.Taken(Lease lease)) {
        return broughtFor(share.get(), lease, priority, progress);
      }
      // What is there is soon seen by the next look; if not, something is wrong with it.
      looks = claim.get() instanceof Claim.There ? looks + 1 : 0;
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    }
    return others.ready(id, priority, progress);
  }

  @Override
  public Base readyHere(DiskId id, Priority priority, Progress progress)
      throws InterruptedException {
    return others.readyHere(id, priority, progress);
  }

  /** A base that turns out wrong, or a share that stalls just now, leaves the other ways. */
  private Optional<Base> shared(DiskId id, Progress progress) {
    for (Share share : shares.mounted()) {
      if (share.has(id)) {
        try {
          return Optional.of(share.use(id, progress::at));
        } catch (RatoonException unusable) {
          LOG.warn("{}", unusable.problem().oneLine());
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<Claim> claimed(Share share, DiskId id) {
    try {
      return Optional.of(share.claim(id)).filter(claim -> !isUnfit(claim, share, id));
    } catch (RatoonException unavailable) {
      LOG.warn("{}", unavailable.problem().oneLine());
      return Optional.empty();
    }
  }

  /** What is there under the base's name, and was seen to be wrong, is not waited for. */
  private static boolean isUnfit(Claim claim, Share share, DiskId id) {
    return claim instanceof Claim.There
        && share.bases().stream().anyMatch(base -> base.id().equals(id))
        && !share.has(id);
  }

  private Base broughtFor(Share share, Lease lease, Priority priority, Progress progress)
      throws InterruptedException {
    boolean brought = false;
    try {
      Base base = others.ready(lease.id(), priority, progress);
      brought = true;
      shares.fill(share, lease);
      return base;
    } finally {
      if (!brought) {
        share.release(lease);
      }
    }
  }

  @Override
  public Optional<String> address() {
    return others.address();
  }

  @Override
  public Optional<TransferReport> transfers() {
    return others.transfers();
  }

  @Override
  public Optional<MoveRoad> road() {
    return others.road();
  }

  @Override
  public void limit(TransferLimits limits) {
    others.limit(limits);
  }

  @Override
  public List<ReplicaReport> arriving() {
    return others.arriving();
  }

  @Override
  public void close() {
    others.close();
  }
}
