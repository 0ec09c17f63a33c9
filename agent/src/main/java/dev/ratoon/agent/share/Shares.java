package dev.ratoon.agent.share;

import dev.ratoon.agent.bases.OtherPlaces;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.cache.share.Claim;
import dev.ratoon.cache.share.Lease;
import dev.ratoon.cache.share.Share;
import dev.ratoon.cache.share.ShareTimes;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.agent.WithdrawalReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The shared caches that this host uses, as the fleet wants them. */
public final class Shares implements OtherPlaces, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Shares.class);

  private final Cache own;
  private final String host;
  private final Path memory;
  private final ShareTimes times;
  private final ShareOpener opener;
  private final Map<EntityName, Used> used = new TreeMap<>();
  private final Map<Wish, Problem> failed = new ConcurrentHashMap<>();
  private final Map<Wish, WithdrawalReport> answers = new ConcurrentHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** A share, and what the fleet says of it. */
  private record Used(DesiredShare wanted, Share share) {}

  /** A base that shall be on a share. */
  private record Wish(EntityName share, DiskId base) {}

  private Shares(Cache own, String host, Path memory, ShareTimes times, ShareOpener opener) {
    this.own = own;
    this.host = host;
    this.memory = memory;
    this.times = times;
    this.opener = opener;
  }

  /**
   * The shares of a host: none, until it is said which.
   *
   * @param own the host's own cache; stays the caller's to close, after this
   * @param host its id, under which it holds leases
   * @param memory a folder for what was verified on shares
   */
  public static Shares of(Cache own, String host, Path memory) {
    return of(own, host, memory, ShareTimes.USUAL, ShareOpener.BY_KIND);
  }

  /** As above, with another patience and other files. */
  public static Shares of(
      Cache own, String host, Path memory, ShareTimes times, ShareOpener opener) {
    return new Shares(own, host, memory, times, opener);
  }

  /** Calls {@code changed} whenever something about a share has changed; it returns at once. */
  public void onChange(Runnable changed) {
    listeners.add(changed);
  }

  /** Uses these shares from now on, and no others. */
  public synchronized void want(List<DesiredShare> wanted) {
    Set<EntityName> names = new HashSet<>();
    for (DesiredShare share : wanted) {
      names.add(share.name());
      Used before = used.get(share.name());
      if (before != null && !sameFiles(before.wanted(), share)) {
        before.share().close();
        before = null;
      }
      Share open = before == null ? open(share) : before.share();
      used.put(share.name(), new Used(share, open));
      withhold(open, share.leaving());
      open.expect(share.marker(), share.mayPrepare());
      if (before != null && !before.wanted().fill().equals(share.fill())) {
        open.lookAgain();
      }
    }
    failed.keySet().removeIf(wish -> !names.contains(wish.share()));
    answers.keySet().removeIf(wish -> !names.contains(wish.share()));
    for (EntityName name : List.copyOf(used.keySet())) {
      if (!names.contains(name)) {
        Used unwanted = used.remove(name);
        if (unwanted != null) {
          unwanted.share().close();
          told();
        }
      }
    }
  }

  private void withhold(Share share, List<Withdrawal> leaving) {
    Set<DiskId> ids = leaving.stream().map(Withdrawal::base).collect(Collectors.toSet());
    share.withhold(ids);
    answers
        .keySet()
        .removeIf(wish -> wish.share().equals(share.name()) && !ids.contains(wish.base()));
  }

  /** The share of this name, if it is used. */
  Optional<Share> named(EntityName name) {
    return all().stream().map(Used::share).filter(s -> s.name().equals(name)).findFirst();
  }

  /** Says what this host says of a base that is about to leave; see {@link Withdrawals}. */
  void answer(EntityName share, WithdrawalReport answer) {
    answers.put(new Wish(share, answer.base()), answer);
    told();
  }

  Optional<WithdrawalReport> answered(EntityName share, DiskId base) {
    return Optional.ofNullable(answers.get(new Wish(share, base)));
  }

  private static boolean sameFiles(DesiredShare a, DesiredShare b) {
    return a.kind() == b.kind()
        && a.location().equals(b.location())
        && a.credentials().equals(b.credentials());
  }

  private Share open(DesiredShare wanted) {
    Optional<Path> mountedAt =
        wanted.kind() == ShareKind.MOUNTED
            ? Optional.of(Path.of(wanted.location()))
            : Optional.empty();
    return Share.open(
        new Share.Place(
            wanted.name(), mountedAt, host, memory.resolve(wanted.name().text()), times),
        opener.open(wanted),
        NanoClock.system(),
        new Share.Listener() {
          @Override
          public void changed() {
            told();
          }

          @Override
          public void looked(Share share) {
            fill(share);
          }
        });
  }

  private void told() {
    listeners.forEach(Runnable::run);
  }

  private synchronized List<Used> all() {
    return List.copyOf(used.values());
  }

  /** Those whose bases VMs can stand on where they lie. */
  List<Share> mounted() {
    return all().stream().map(Used::share).filter(Share::isMounted).toList();
  }

  /** The share on which a base has this path, whether or not it can be used just now. */
  Optional<Share> at(DiskId id, Path path) {
    return mounted().stream().filter(s -> s.path(id).equals(Optional.of(path))).findFirst();
  }

  /** The shares that are not mounted and have this base, as places to bring it from. */
  @Override
  public List<Source> sources(DiskId id) {
    return all().stream()
        .map(Used::share)
        .filter(share -> !share.isMounted() && share.has(id))
        .map(Share::source)
        .toList();
  }

  /** A base on a mounted share, for hosts that do not see that. */
  @Override
  public Optional<BaseContent> open(DiskId id) {
    return mounted().stream()
        .filter(share -> share.has(id))
        .findFirst()
        .map(share -> share.open(id));
  }

  /** Puts those bases on a share that are wanted there and that this host has. */
  private void fill(Share share) {
    List<DiskId> wanted =
        all().stream()
            .filter(used -> used.share().equals(share))
            .flatMap(used -> used.wanted().fill().stream())
            .toList();
    for (DiskId id : wanted) {
      if (!share.has(id) && own.find(id).isPresent() && !isBeingFilled(share)) {
        try {
          if (share.claim(id) instanceof Claim.Taken(Lease lease)) {
            fill(share, lease);
          }
        } catch (RatoonException unavailable) {
          LOG.info("{}", unavailable.problem().oneLine());
        }
      }
    }
  }

  /** One at a time: each takes all of what the link and the server can do. */
  private static boolean isBeingFilled(Share share) {
    return share.bases().stream().anyMatch(base -> base.state() == ReplicaState.ARRIVING);
  }

  /** Puts a base of the host's own cache on a share, in the background. */
  void fill(Share share, Lease lease) {
    Wish wish = new Wish(share.name(), lease.id());
    failed.remove(wish);
    try {
      Base base = own.use(lease.id());
      share.fill(
          lease,
          own.manifest(lease.id()),
          () -> own.open(base),
          why -> {
            why.ifPresentOrElse(
                problem -> {
                  failed.put(wish, problem);
                  LOG.warn("{}", problem.oneLine());
                },
                () -> {
                  failed.remove(wish);
                  LOG.info(
                      "Base disk {} is on the share '{}' now",
                      lease.id().shortForm(),
                      share.name());
                });
            told();
          });
    } catch (RatoonException altered) {
      failed.put(wish, altered.problem());
      share.release(lease);
    }
  }

  /** Why this host last failed to put a base on a share. */
  Optional<Problem> failure(EntityName share, DiskId base) {
    return Optional.ofNullable(failed.get(new Wish(share, base)));
  }

  /** How this host finds its shares. */
  public List<ShareReport> reports() {
    return all().stream().map(used -> report(used.share())).toList();
  }

  private ShareReport report(Share share) {
    List<ShareReport.Base> bases = new ArrayList<>();
    share
        .bases()
        .forEach(base ->
            bases.add(
                new ShareReport.Base(
                    base.id(),
                    base.state(),
                    base.sizeBytes(),
                    base.storedBytes(),
                    base.percent(),
                    Optional.empty())));
    failed.forEach((wish, problem) -> {
      if (wish.share().equals(share.name()) && !share.has(wish.base())) {
        bases.add(
            new ShareReport.Base(
                wish.base(), ReplicaState.ARRIVING, 0, 0, 0, Optional.of(problem)));
      }
    });
    return new ShareReport(
        share.name(),
        share.state(),
        share.problem(),
        share.marker(),
        share.freeBytes(),
        bases,
        Optional.of(share.totalBytes()),
        answers.entrySet().stream()
            .filter(answer -> answer.getKey().share().equals(share.name()))
            .map(Map.Entry::getValue)
            .sorted(Comparator.comparing(WithdrawalReport::base))
            .toList());
  }

  /** The bases that this host has without having them itself: those on mounted shares. */
  public List<ReplicaReport> replicas() {
    List<ReplicaReport> replicas = new ArrayList<>();
    for (Share share : mounted()) {
      if (share.state() == ShareState.READY) {
        share.bases().stream()
            .filter(base -> base.state() != ReplicaState.ARRIVING)
            .filter(base -> !share.isWithheld(base.id()))
            .forEach(base ->
                replicas.add(
                    new ReplicaReport(
                        base.id(),
                        Layout.FLAT,
                        base.state(),
                        share.path(base.id()).orElseThrow().toString(),
                        base.sizeBytes(),
                        base.storedBytes(),
                        base.percent(),
                        Optional.empty(),
                        share.name().text())));
      }
    }
    return replicas;
  }

  @Override
  public void close() {
    all().forEach(used -> used.share().close());
  }
}
