package dev.ratoon.agent.share;

import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.cache.share.Share;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.agent.WithdrawalReport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This host's part in bases leaving shares. A base that is about to leave is withheld as soon as
 * the host is told, see {@link Shares#want}. Here it is looked whether anything of this host stands
 * on it, and the server is told: a promise is given only for what is written down on this host, so
 * that no restart forgets that the base is withheld. When all hosts have promised, one of them is
 * told to remove it; it looks once more.
 *
 * <p>A removal that a hanging share keeps from ending may still happen when the share answers. So
 * nothing is said of it before the share has answered: until then everybody's promise holds. Nor is
 * a call that came back with an error the end of it: the file server may have done it, or do it
 * yet. Once it was tried, each answer begins with a new look at the share.
 */
public final class Withdrawals implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Withdrawals.class);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final Duration LONGEST_END = Duration.ofSeconds(2);

  private final Shares shares;
  private final Tries tries;
  private final Map<Asked, String> complaints = new ConcurrentHashMap<>();
  private final Function<DiskId, Optional<String>> needing;
  private final Semaphore pokes = new Semaphore(0);
  private final Thread thread;
  private volatile List<Asked> all = List.of();
  private volatile boolean closed;

  private record Asked(EntityName share, Withdrawal withdrawal) {}

  /**
   * @param needing what on this host needs a base where shares have it, in words, looked at anew
   *     each time; touches no share
   */
  public Withdrawals(Shares shares, Function<DiskId, Optional<String>> needing) {
    this(shares, needing, NanoClock.system());
  }

  Withdrawals(Shares shares, Function<DiskId, Optional<String>> needing, NanoClock clock) {
    this.shares = shares;
    this.tries = new Tries(clock);
    this.needing = needing;
    this.thread = Thread.ofVirtual().name("withdrawals").start(this::run);
  }

  /** What an earlier life of this host was told, and may have tried. */
  public void remember(List<DesiredShare> shares) {
    shares.forEach(share ->
        share.leaving().stream()
            .filter(asked -> asked.remove() || asked.step() > 1)
            .forEach(asked -> tries.begin(share.name(), asked)));
  }

  /** These are about to leave, and that is written down on this host. */
  public void want(List<DesiredShare> wanted) {
    all =
        wanted.stream()
            .flatMap(share -> share.leaving().stream().map(asked -> new Asked(share.name(), asked)))
            .toList();
    complaints.keySet().retainAll(all);
    tries.keep(wanted);
    pokes.release();
  }

  private void run() {
    try {
      while (!closed) {
        boolean left = false;
        for (Asked asked : all) {
          left |= !settled(asked);
        }
        if (left) {
          boolean _ = pokes.tryAcquire(RETRY.toMillis(), TimeUnit.MILLISECONDS);
        } else {
          pokes.acquire();
        }
        pokes.drainPermits();
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether there is an answer; else it is tried again. */
  private boolean settled(Asked asked) {
    Optional<Share> share = shares.named(asked.share());
    Optional<WithdrawalReport> before = shares.answered(asked.share(), asked.withdrawal().base());
    if (share.isEmpty() || before.filter(said -> said.answers(asked.withdrawal())).isPresent()) {
      return true;
    }
    try {
      Optional<WithdrawalReport> answer =
          before
              .filter(said -> isGone(said, asked.withdrawal()))
              .or(() -> answer(share.get(), asked.withdrawal()));
      answer.ifPresent(said -> shares.answer(asked.share(), said.at(asked.withdrawal().step())));
      return answer.isPresent();
    } catch (RatoonException notNow) {
      String complaint = notNow.problem().oneLine();
      if (!complaint.equals(complaints.put(asked, complaint))) {
        LOG.warn("{}", complaint);
      }
    } catch (RuntimeException defect) {
      LOG.error("Base disk {}: unexpected failure", asked.withdrawal().base(), defect);
    }
    return false;
  }

  /** What was removed stays removed, whatever is asked of it afterwards. */
  private static boolean isGone(WithdrawalReport said, Withdrawal asked) {
    return said.order().equals(asked.order()) && said.state() == WithdrawalReport.State.REMOVED;
  }

  private Optional<WithdrawalReport> answer(Share share, Withdrawal asked) {
    if (share.state() == ShareState.STALLED) {
      return Optional.empty();
    }
    if (tries.has(share.name(), asked) && !share.holds(asked.base())) {
      return Optional.of(WithdrawalReport.removed(asked, 0));
    }
    Optional<String> why = share.promise(asked.base(), () -> needing.apply(asked.base()));
    if (why.isPresent()) {
      return Optional.of(WithdrawalReport.needed(asked, problem(share, asked, why.get())));
    }
    if (!asked.remove()) {
      return Optional.of(WithdrawalReport.free(asked));
    }
    return Optional.of(
        tries.begin(share.name(), asked)
            ? removed(share, asked)
            : WithdrawalReport.needed(asked, problem(share, asked, "It was tried long enough.")));
  }

  private static WithdrawalReport removed(Share share, Withdrawal asked) {
    try {
      long freed = share.remove(asked.base());
      LOG.info("Base disk {} was removed from the share '{}'", asked.base(), share.name());
      return WithdrawalReport.removed(asked, freed);
    } catch (RatoonException failed) {
      return switch (failed.problem().code()) {
        case SHARE_UNAVAILABLE, BUSY, INTERRUPTED -> throw failed;
        // Its content may have gone before something else was refused.
        default ->
            share.holds(asked.base())
                ? WithdrawalReport.needed(asked, failed.problem())
                : WithdrawalReport.removed(asked, 0);
      };
    }
  }

  private static Problem problem(Share share, Withdrawal asked, String why) {
    return Problem.of(
            ErrorCode.WRONG_STATE,
            "removing base disk " + asked.base().shortForm() + " from the share " + share.name())
        .detail(why)
        .next("It stays. 'ratoon cache plan' shows what can go.");
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      boolean _ = thread.join(LONGEST_END);
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }
}
