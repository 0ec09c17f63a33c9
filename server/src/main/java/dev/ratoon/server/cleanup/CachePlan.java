package dev.ratoon.server.cleanup;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.server.cleanup.CacheFacts.Held;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which base disks leave which caches, and why the others stay; a pure function of {@link
 * FleetFacts}. Whoever carries it out asks the host, which looks again at the moment of removal.
 *
 * <p>What holds for every plan: a base of which anything says that it needs it stays, a base stays
 * for as long as another in its cache is a difference to it, and a base that an image names or a VM
 * anywhere stands on keeps a ready replica, of those caches that can be reached. Bases are looked
 * at in the order of their last use; each that goes is counted before the next is looked at.
 */
public final class CachePlan {
  private static final int NAMES_SHOWN = 5;

  private final FleetFacts fleet;
  private final Map<DiskId, Integer> sound = new HashMap<>();
  private final List<Verdict> verdicts = new ArrayList<>();

  /**
   * What becomes of a base in a cache.
   *
   * @param why it goes, or all the reasons for which it stays
   */
  public record Verdict(CacheFacts cache, Held base, boolean leaves, List<String> why) {
    public Verdict {
      why = List.copyOf(why);
    }
  }

  private CachePlan(FleetFacts fleet) {
    this.fleet = fleet;
    for (CacheFacts cache : fleet.caches()) {
      if (cache.closed().isEmpty()) {
        cache.bases().stream()
            .filter(Held::isSound)
            .forEach(base -> sound.merge(base.id(), 1, Integer::sum));
      }
    }
  }

  /** The verdict on every base in every cache, the one that was not used for longest first. */
  public static List<Verdict> of(FleetFacts fleet) {
    CachePlan plan = new CachePlan(fleet);
    fleet.caches().stream().sorted(Comparator.comparing(CacheFacts::key)).forEach(plan::decide);
    return List.copyOf(plan.verdicts);
  }

  private void decide(CacheFacts cache) {
    List<Held> bases =
        cache.bases().stream()
            .sorted(Comparator.comparing(Held::usedAt).thenComparing(Held::id))
            .toList();
    long surplus = cache.policy().map(policy -> surplus(cache, policy)).orElse(0L);
    for (Held base : bases) {
      List<String> reasons = new ArrayList<>(stays(cache, base));
      boolean limited = cache.policy().filter(CachePolicy::hasLimits).isPresent();
      if (reasons.isEmpty() && limited && surplus <= 0) {
        reasons.add("there is room enough");
      }
      if (reasons.isEmpty()) {
        surplus -= base.storedBytes();
        sound.merge(base.id(), -1, Integer::sum);
        verdicts.add(new Verdict(cache, base, true, List.of(unused(base))));
      } else {
        verdicts.add(new Verdict(cache, base, false, reasons));
      }
    }
  }

  /** How much would have to go. */
  private static long surplus(CacheFacts cache, CachePolicy policy) {
    long leaving = cache.bases().stream().filter(Held::leaving).mapToLong(Held::storedBytes).sum();
    long overShare =
        policy
            .maxSharePercent()
            .filter(_ -> cache.totalBytes() > 0)
            .map(percent -> cache.takenBytes() - cache.totalBytes() / 100 * percent)
            .orElse(0L);
    long missing = policy.minFreeBytes().map(free -> free - cache.freeBytes()).orElse(0L);
    return Math.max(overShare, missing) - leaving;
  }

  private List<String> stays(CacheFacts cache, Held base) {
    List<String> reasons = new ArrayList<>();
    cache.closed().ifPresent(reasons::add);
    if (cache.policy().isEmpty()) {
      reasons.add("no policy lets anything go here");
    }
    if (base.leaving()) {
      reasons.add("it is being removed already");
    }
    ownState(base).ifPresent(reasons::add);
    reasons.addAll(base.needs());
    children(cache, base).ifPresent(reasons::add);
    if (fleet.moving().contains(base.id())) {
      reasons.add("it is on its way to another cache");
    }
    if (cache.library() && !fleet.images(base.id()).isEmpty()) {
      reasons.add("the library keeps what an image names");
    }
    cache
        .policy()
        .ifPresent(policy -> {
          pin(policy, base).ifPresent(reasons::add);
          recent(policy, base).ifPresent(reasons::add);
        });
    lastReplica(cache, base).ifPresent(reasons::add);
    return reasons;
  }

  private static Optional<String> ownState(Held base) {
    if (base.layout() == Layout.ADOPTED) {
      return Optional.of("it is an operator's own file (ratoon host unadopt)");
    }
    return switch (base.state()) {
      case READY -> Optional.empty();
      case ARRIVING -> Optional.of("it is arriving");
      case SUSPECT -> Optional.of("it is suspect: verify it first, it may be the trace of a loss");
    };
  }

  private Optional<String> children(CacheFacts cache, Held base) {
    List<String> names =
        cache.bases().stream()
            .filter(other -> other.parent().equals(Optional.of(base.id())))
            .map(other -> name(other.id()))
            .toList();
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(some(names) + (names.size() == 1 ? " is a" : " are") + " difference to it");
  }

  private Optional<String> pin(CachePolicy policy, Held base) {
    return fleet.images(base.id()).stream()
        .filter(policy.pins()::contains)
        .findFirst()
        .map(image -> "the policy pins " + image);
  }

  private Optional<String> recent(CachePolicy policy, Held base) {
    return policy
        .keepDays()
        .filter(days -> base.usedAt().plus(Duration.ofDays(days)).isAfter(fleet.now()))
        .map(days -> "it was used within " + days + (days == 1 ? " day" : " days"));
  }

  private Optional<String> lastReplica(CacheFacts cache, Held base) {
    List<ImageRef> images = fleet.images(base.id());
    List<String> users = fleet.users(base.id());
    if (images.isEmpty() && users.isEmpty()) {
      return Optional.empty();
    }
    int least = images.isEmpty() ? 1 : cache.policy().flatMap(CachePolicy::keepAtLeast).orElse(1);
    int others = sound.getOrDefault(base.id(), 0) - (countsHere(cache, base) ? 1 : 0);
    if (others >= least) {
      return Optional.empty();
    }
    String who =
        images.isEmpty() ? some(users) : some(images.stream().map(ImageRef::toString).toList());
    return Optional.of(
        least == 1
            ? "it is the last ready replica for " + who
            : "fewer than " + least + " ready replicas would be left for " + who);
  }

  private static boolean countsHere(CacheFacts cache, Held base) {
    return cache.closed().isEmpty() && base.isSound();
  }

  private String unused(Held base) {
    Instant used = base.usedAt();
    long days = Math.max(0, Duration.between(used, fleet.now()).toDays());
    return days == 0 ? "unused" : "unused for " + days + (days == 1 ? " day" : " days");
  }

  private String name(DiskId base) {
    return fleet.images(base).stream()
        .map(ImageRef::toString)
        .findFirst()
        .orElseGet(base::shortForm);
  }

  private static String some(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
    return names.size() <= NAMES_SHOWN
        ? shown
        : shown + " and " + (names.size() - NAMES_SHOWN) + " more";
  }
}
