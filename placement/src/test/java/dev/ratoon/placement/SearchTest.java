package dev.ratoon.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The search finds what the ranking of all hosts has first, whatever the fleet and the request. */
class SearchTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 17, 60, 300, 700})
  void theChosenHostIsAlwaysTheFirstOfTheRanking(int hosts) {
    for (int seed = 0; seed < (hosts < 100 ? 40 : 8); seed++) {
      RandomFleet made = new RandomFleet(seed * 1000L + hosts, 12);
      FleetSnapshot fleet = made.fleet(hosts);
      Search search = new Search(fleet);
      Random random = new Random(seed);
      for (int i = 0; i < 60; i++) {
        Request request = fleet.request(made.needs(hosts));
        int best = search.best(request);
        Ranking ranking = Ranking.of(fleet, request);
        assertThat(best).as("seed %d, request %d", seed, i).isEqualTo(ranking.best());
        if (best != Search.NOBODY) {
          fleet.place(best, request);
        }
        if (random.nextInt(10) == 0) {
          fleet.undo(random.nextInt(fleet.placed() + 1));
        }
      }
    }
  }

  @Test
  void whatIsTakenBackLeavesNoTrace() {
    RandomFleet made = new RandomFleet(7, 12);
    FleetSnapshot fleet = made.fleet(50);
    List<VmNeeds> asked = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      asked.add(made.needs(50));
    }
    List<Integer> first = bests(fleet, asked, true);
    fleet.undo(0);

    assertThat(bests(fleet, asked, true)).isEqualTo(first);
    fleet.undo(0);
    assertThat(bests(fleet, asked, false))
        .isEqualTo(bests(new RandomFleet(7, 12).fleet(50), asked, false));
  }

  private static List<Integer> bests(FleetSnapshot fleet, List<VmNeeds> asked, boolean place) {
    Search search = new Search(fleet);
    List<Integer> bests = new ArrayList<>();
    for (VmNeeds needs : asked) {
      Request request = fleet.request(needs);
      int best = search.best(request);
      bests.add(best);
      if (place && best != Search.NOBODY) {
        fleet.place(best, request);
      }
    }
    return bests;
  }

  @Test
  void whatFitsBreaksNoRuleAndWhatDoesNotBreaksOne() {
    for (int seed = 0; seed < 50; seed++) {
      RandomFleet made = new RandomFleet(seed, 6);
      FleetSnapshot fleet = made.fleet(40);
      VmNeeds needs = made.needs(40);
      Request request = fleet.request(needs);
      Costs costs = new Costs(fleet);
      HostRules rules = new HostRules(fleet);
      Explanation explanation = new Explanation(fleet);
      for (int h = 0; h < fleet.size(); h++) {
        long cost = costs.of(request, h);
        assertThat(rules.reasonsAgainst(request, h).isEmpty()).isEqualTo(cost != Costs.UNFIT);
        if (cost != Costs.UNFIT) {
          Terms terms = explanation.of(request, h, cost);
          PlacementWeights weights = fleet.loads().weights(h);
          Terms.Fullness full = terms.fullness();
          assertThat(
                  weights.seconds() * terms.seconds().total()
                      + full.memoryCost()
                      + full.cpuCost()
                      + full.diskCost()
                      + full.spreadCost())
              .as("the terms of a cost are its sum")
              .isCloseTo(terms.cost(), offset(0.05));
        }
      }
    }
  }

  @Test
  void theRankingHasEveryHostOnceInTheOrderOfItsCost() {
    for (int seed = 0; seed < 50; seed++) {
      RandomFleet made = new RandomFleet(seed, 6);
      FleetSnapshot fleet = made.fleet(100);
      VmNeeds needs = made.needs(100);
      Ranking ranking = Ranking.of(fleet, needs);
      List<Double> costs = ranking.targets().stream().map(target -> target.terms().cost()).toList();
      assertThat(costs).isSorted();
      assertThat(ranking.targets().size() + ranking.refusals().size()).isEqualTo(100);
      assertThat(ranking.targets().stream().map(Ranking.Target::host).distinct())
          .hasSize(costs.size());
    }
  }

  @Test
  void fewHostsAreLookedAt() {
    List<HostSnapshot> hosts = new ArrayList<>();
    Random random = new Random(1);
    for (int k = 0; k < 4096; k++) {
      Fleets.Host host =
          new Fleets.Host(k)
              .in("c" + k % 20)
              .memory(64 * ByteSize.GIB, random.nextLong(48 * ByteSize.GIB));
      for (int b = 0; b < 10; b++) {
        host.has(Fleets.base(random.nextInt(200)));
      }
      hosts.add(host.get());
    }
    FleetSnapshot fleet =
        FleetSnapshot.of(hosts, FleetSnapshot.Surroundings.of(Policy.of(PlacementPreset.BALANCE)));
    Search search = new Search(fleet);
    int most = 0;
    for (int b = 0; b < 200; b++) {
      Request request = fleet.request(Fleets.vm(ByteSize.GIB, Fleets.base(b)));
      int best = search.best(request);
      assertThat(best).isEqualTo(Ranking.of(fleet, request).best());
      most = Math.max(most, search.looked());
    }
    assertThat(most).isLessThan(200);
  }
}
