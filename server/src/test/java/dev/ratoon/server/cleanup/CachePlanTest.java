package dev.ratoon.server.cleanup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.server.cleanup.CacheFacts.Held;
import dev.ratoon.server.cleanup.CachePlan.Verdict;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CachePlanTest {
  private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
  private static final DiskId A = id(1);
  private static final DiskId B = id(2);
  private static final CachePolicy ALL = policy(0);

  private final Map<DiskId, List<ImageRef>> images = new HashMap<>();
  private final Map<DiskId, List<String>> users = new HashMap<>();
  private final Set<DiskId> moving = new HashSet<>();

  private static DiskId id(int number) {
    return new DiskId("%064x".formatted(number));
  }

  private static CachePolicy policy(int keepDays) {
    return new CachePolicy(
        Optional.of(keepDays), Optional.empty(), Optional.empty(), Optional.empty(), List.of());
  }

  private static Held held(DiskId id, int daysUnused) {
    return held(id, daysUnused, Layout.FLAT, ReplicaState.READY, Optional.empty(), List.of());
  }

  private static Held held(
      DiskId id,
      int daysUnused,
      Layout layout,
      ReplicaState state,
      Optional<DiskId> parent,
      List<String> needs) {
    return new Held(
        id, layout, state, 100, parent, NOW.minus(Duration.ofDays(daysUnused)), needs, false);
  }

  private static CacheFacts cache(String name, CachePolicy policy, Held... bases) {
    return new CacheFacts(
        name,
        name,
        Optional.of(new HostId(new UUID(0, name.hashCode()))),
        Optional.of(policy),
        Optional.empty(),
        false,
        1000,
        500,
        List.of(bases));
  }

  private static CacheFacts closed(CacheFacts cache) {
    return new CacheFacts(
        cache.key(),
        cache.name(),
        cache.host(),
        cache.policy(),
        Optional.of("the host is not connected"),
        cache.library(),
        cache.totalBytes(),
        cache.freeBytes(),
        cache.bases());
  }

  private static CacheFacts library(CacheFacts cache) {
    return new CacheFacts(
        cache.key(),
        cache.name(),
        cache.host(),
        cache.policy(),
        cache.closed(),
        true,
        cache.totalBytes(),
        cache.freeBytes(),
        cache.bases());
  }

  private List<Verdict> plan(CacheFacts... caches) {
    return CachePlan.of(new FleetFacts(NOW, List.of(caches), images, users, moving));
  }

  private static List<String> leaving(List<Verdict> plan) {
    return plan.stream()
        .filter(Verdict::leaves)
        .map(v -> v.cache().name() + " " + v.base().id().hex().charAt(63))
        .toList();
  }

  private static List<String> why(List<Verdict> plan, DiskId base) {
    return plan.stream()
        .filter(v -> v.base().id().equals(base))
        .flatMap(v -> v.why().stream())
        .toList();
  }

  private void named(DiskId base, String image) {
    images.put(base, List.of(ImageRef.parse(image)));
  }

  @Test
  void whatNobodyNeedsGoesAndTheReasonIsItsAge() {
    List<Verdict> plan = plan(cache("h", ALL, held(A, 7)));

    assertThat(leaving(plan)).containsExactly("h 1");
    assertThat(why(plan, A)).containsExactly("unused for 7 days");
  }

  @Test
  void withoutAPolicyNothingGoes() {
    CacheFacts cache = cache("h", ALL, held(A, 7));
    CacheFacts without =
        new CacheFacts(
            "h", "h", cache.host(), Optional.empty(), Optional.empty(), false, 1, 1, cache.bases());

    assertThat(why(plan(without), A)).containsExactly("no policy lets anything go here");
    assertThat(leaving(plan(without))).isEmpty();
  }

  @Test
  void whatWasUsedLatelyStays() {
    List<Verdict> plan = plan(cache("h", policy(3), held(A, 2), held(B, 3)));

    assertThat(leaving(plan)).containsExactly("h 2");
    assertThat(why(plan, A)).containsExactly("it was used within 3 days");
  }

  @Test
  void eachNeedIsSaid() {
    Held needed =
        held(
            A,
            9,
            Layout.FLAT,
            ReplicaState.READY,
            Optional.empty(),
            List.of("VM web stands on it", "it was asked for beforehand"));

    assertThat(why(plan(cache("h", ALL, needed)), A))
        .containsExactly("VM web stands on it", "it was asked for beforehand");
  }

  @Test
  void aParentStaysWhileItsDeltaIsThereEvenIfThatGoes() {
    Held delta = held(B, 9, Layout.DELTA, ReplicaState.READY, Optional.of(A), List.of());
    List<Verdict> plan = plan(cache("h", ALL, held(A, 9), delta));

    assertThat(leaving(plan)).containsExactly("h 2");
    assertThat(why(plan, A)).containsExactly("000000000000 is a difference to it");
  }

  @Test
  void whatIsNotReadyOrNotOursStays() {
    Held arriving = held(A, 9, Layout.FLAT, ReplicaState.ARRIVING, Optional.empty(), List.of());
    Held suspect = held(B, 9, Layout.FLAT, ReplicaState.SUSPECT, Optional.empty(), List.of());
    Held adopted = held(id(3), 9, Layout.ADOPTED, ReplicaState.READY, Optional.empty(), List.of());

    assertThat(leaving(plan(cache("h", ALL, arriving, suspect, adopted)))).isEmpty();
  }

  @Test
  void anImageKeepsItsLastReadyReplicaOfThoseThatCanBeReached() {
    named(A, "debian:12");
    CacheFacts near = cache("near", ALL, held(A, 9));
    CacheFacts far = cache("other", ALL, held(A, 9));

    assertThat(leaving(plan(near))).isEmpty();
    assertThat(why(plan(near), A)).containsExactly("it is the last ready replica for debian:12");
    assertThat(leaving(plan(near, far))).containsExactly("near 1");
    assertThat(leaving(plan(near, closed(far)))).isEmpty();
  }

  @Test
  void aBaseThatAVmStandsOnElsewhereKeepsAReplica() {
    users.put(A, List.of("VM web"));

    assertThat(why(plan(cache("h", ALL, held(A, 9))), A))
        .containsExactly("it is the last ready replica for VM web");
  }

  @Test
  void aPolicyKeepsSoManyReplicas() {
    named(A, "debian:12");
    CachePolicy two =
        new CachePolicy(
            Optional.of(0), Optional.empty(), Optional.empty(), Optional.of(2), List.of());
    List<Verdict> plan =
        plan(cache("a", two, held(A, 9)), cache("b", two, held(A, 9)), cache("c", two, held(A, 9)));

    assertThat(leaving(plan)).containsExactly("a 1");
    assertThat(why(plan, A)).contains("fewer than 2 ready replicas would be left for debian:12");
  }

  @Test
  void theLibraryKeepsWhatAnImageNamesAndNothingElse() {
    named(A, "debian:12");
    List<Verdict> plan =
        plan(library(cache("library", ALL, held(A, 9), held(B, 9))), cache("h", ALL, held(A, 9)));

    assertThat(leaving(plan)).containsExactly("h 1", "library 2");
  }

  @Test
  void pinsMovingBasesAndClosedCachesStay() {
    named(A, "debian:12");
    CachePolicy pinned =
        new CachePolicy(
            Optional.of(0),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(ImageRef.parse("debian:12")));
    moving.add(B);

    List<Verdict> plan =
        plan(cache("a", pinned, held(A, 9), held(B, 9)), cache("b", pinned, held(A, 9)));

    assertThat(leaving(plan)).isEmpty();
    assertThat(why(plan, A)).contains("the policy pins debian:12");
    assertThat(why(plan, B)).containsExactly("it is on its way to another cache");
    assertThat(leaving(plan(closed(cache("c", ALL, held(id(3), 9)))))).isEmpty();
  }

  @Test
  void limitsTakeAsMuchAsTheyMustTheLongestUnusedFirst() {
    CachePolicy quarter =
        new CachePolicy(
            Optional.empty(), Optional.of(25), Optional.empty(), Optional.empty(), List.of());
    CachePolicy free =
        new CachePolicy(
            Optional.empty(), Optional.empty(), Optional.of(550L), Optional.empty(), List.of());
    Held[] four = {held(A, 1), held(B, 4), held(id(3), 2), held(id(4), 3)};

    assertThat(leaving(plan(cache("h", quarter, four)))).containsExactly("h 2", "h 4");
    assertThat(leaving(plan(cache("h", free, four)))).containsExactly("h 2");
    assertThat(why(plan(cache("h", free, four)), A)).containsExactly("there is room enough");
  }

  @Test
  void aPolicyThatSaysNothingIsRefused() {
    assertThatThrownBy(() ->
            new CachePolicy(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(2), List.of()))
        .isInstanceOf(RatoonException.class);
  }

  /** Whatever a fleet is like: nothing goes that anything needs, and every promise is kept. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void nothingGoesThatAnythingNeeds(long seed) {
    Random random = new Random(seed);
    int removed = 0;
    for (int round = 0; round < 500; round++) {
      FleetFacts fleet = fleet(random);
      List<Verdict> plan = CachePlan.of(fleet);
      removed += (int) plan.stream().filter(Verdict::leaves).count();
      check(fleet, plan);
    }
    assertThat(removed).isPositive();
  }

  private static void check(FleetFacts fleet, List<Verdict> plan) {
    assertThat(plan).hasSize(fleet.caches().stream().mapToInt(c -> c.bases().size()).sum());
    assertThat(plan).allMatch(verdict -> !verdict.why().isEmpty());
    Map<CacheFacts, Set<DiskId>> gone =
        plan.stream()
            .filter(Verdict::leaves)
            .collect(
                Collectors.groupingBy(
                    Verdict::cache, Collectors.mapping(v -> v.base().id(), Collectors.toSet())));
    for (Verdict verdict : plan) {
      if (verdict.leaves()) {
        Held base = verdict.base();
        assertThat(base.needs()).isEmpty();
        assertThat(base.state()).isEqualTo(ReplicaState.READY);
        assertThat(base.layout()).isNotEqualTo(Layout.ADOPTED);
        assertThat(base.leaving()).isFalse();
        assertThat(fleet.moving()).doesNotContain(base.id());
        assertThat(verdict.cache().closed()).isEmpty();
        assertThat(verdict.cache().policy()).isPresent();
        assertThat(verdict.cache().bases())
            .noneMatch(other -> other.parent().equals(Optional.of(base.id())));
      }
    }
    Set<DiskId> wanted = new HashSet<>(fleet.images().keySet());
    wanted.addAll(fleet.users().keySet());
    for (DiskId base : wanted) {
      long before = replicas(fleet, Map.of(), base);
      long after = replicas(fleet, gone, base);
      assertThat(after == before || after >= 1).isTrue();
    }
  }

  /** Ready ones that can be reached and are not about to go. */
  private static long replicas(FleetFacts fleet, Map<CacheFacts, Set<DiskId>> gone, DiskId base) {
    return fleet.caches().stream()
        .filter(cache -> cache.closed().isEmpty())
        .filter(cache -> !gone.getOrDefault(cache, Set.of()).contains(base))
        .flatMap(cache -> cache.bases().stream())
        .filter(held -> held.id().equals(base) && held.isSound())
        .count();
  }

  private static FleetFacts fleet(Random random) {
    List<CacheFacts> caches = new ArrayList<>();
    for (int c = 0; c < 1 + random.nextInt(4); c++) {
      List<Held> bases = new ArrayList<>();
      for (int b = 1; b <= 6; b++) {
        if (random.nextInt(3) > 0) {
          bases.add(randomHeld(random, b));
        }
      }
      caches.add(
          new CacheFacts(
              "c" + c,
              "c" + c,
              Optional.of(new HostId(new UUID(1, c))),
              random.nextInt(6) == 0 ? Optional.empty() : Optional.of(randomPolicy(random)),
              random.nextInt(6) == 0 ? Optional.of("away") : Optional.empty(),
              c == 0 && random.nextBoolean(),
              1000,
              random.nextInt(1000),
              bases));
    }
    Map<DiskId, List<ImageRef>> images = new HashMap<>();
    Map<DiskId, List<String>> users = new HashMap<>();
    Set<DiskId> moving = new HashSet<>();
    for (int b = 1; b <= 6; b++) {
      if (random.nextBoolean()) {
        images.put(id(b), List.of(ImageRef.parse("i" + b)));
      }
      if (random.nextInt(4) == 0) {
        users.put(id(b), List.of("VM v"));
      }
      if (random.nextInt(10) == 0) {
        moving.add(id(b));
      }
    }
    return new FleetFacts(NOW, caches, images, users, moving);
  }

  private static Held randomHeld(Random random, int number) {
    ReplicaState state =
        random.nextInt(8) == 0
            ? (random.nextBoolean() ? ReplicaState.ARRIVING : ReplicaState.SUSPECT)
            : ReplicaState.READY;
    boolean delta = random.nextInt(4) == 0;
    return new Held(
        id(number),
        delta ? Layout.DELTA : random.nextInt(8) == 0 ? Layout.ADOPTED : Layout.FLAT,
        state,
        random.nextInt(300),
        delta ? Optional.of(id(1 + random.nextInt(6))) : Optional.empty(),
        NOW.minus(Duration.ofHours(random.nextInt(24 * 20))),
        random.nextInt(4) == 0 ? List.of("VM v stands on it") : List.of(),
        random.nextInt(10) == 0);
  }

  private static CachePolicy randomPolicy(Random random) {
    Optional<Integer> percent =
        random.nextInt(3) == 0 ? Optional.of(random.nextInt(101)) : Optional.empty();
    return new CachePolicy(
        Optional.of(random.nextInt(10)),
        percent,
        random.nextInt(3) == 0 ? Optional.of((long) random.nextInt(1500)) : Optional.empty(),
        random.nextBoolean() ? Optional.of(1 + random.nextInt(3)) : Optional.empty(),
        random.nextInt(3) == 0 ? List.of(ImageRef.parse("i2")) : List.of());
  }
}
