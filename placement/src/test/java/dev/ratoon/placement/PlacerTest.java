package dev.ratoon.placement;

import static dev.ratoon.placement.Fleets.base;
import static dev.ratoon.placement.Fleets.fleet;
import static dev.ratoon.placement.Fleets.id;
import static dev.ratoon.placement.Fleets.vm;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import dev.ratoon.model.Problem;
import dev.ratoon.placement.Fleets.Host;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlacerTest {
  private static final DiskId BASE = base(1);
  private static final DiskId OLDER = base(2);
  private static final VmNeeds SMALL = vm(512 * ByteSize.MIB, BASE);
  private static final Policy BALANCED = Policy.of(PlacementPreset.BALANCE);

  @ParameterizedTest
  @EnumSource
  void allElseEqualAHostThatHasTheBaseWins(PlacementPreset preset) {
    assertThat(chosen(preset, new Host(1), new Host(2).has(BASE), new Host(3)))
        .containsExactly(id(2));
  }

  @ParameterizedTest
  @EnumSource
  void allElseEqualAHostToWhichTheBaseIsComingWinsOverOneWithoutIt(PlacementPreset preset) {
    Host coming = new Host(2).gets(BASE, 512 * ByteSize.MIB);

    assertThat(chosen(preset, new Host(1), coming)).containsExactly(id(2));
    assertThat(chosen(preset, new Host(1), coming, new Host(3).has(BASE))).containsExactly(id(3));
  }

  @ParameterizedTest
  @EnumSource
  void allElseEqualTheHostWinsThatHasMostOfTheBaseInRelatives(PlacementPreset preset) {
    Relatives relatives =
        new Relatives(Map.of(BASE, Map.of(OLDER, 100 * ByteSize.MIB, base(3), 700 * ByteSize.MIB)));
    List<HostSnapshot> hosts =
        List.of(
            new Host(1).get(),
            new Host(2).has(base(3)).get(),
            new Host(3).has(base(3), OLDER).get(),
            new Host(4).has(base(4)).get());
    FleetSnapshot fleet =
        FleetSnapshot.of(
            hosts, new FleetSnapshot.Surroundings(relatives, Groups.NONE, Policy.of(preset)));

    Placement.Chosen chosen = (Placement.Chosen) new Placer(fleet).place(SMALL, 1, Quota.NONE);

    assertThat(chosen.hosts()).containsExactly(id(3));
    assertThat(chosen.places().getFirst().terms().bytesToMove()).isEqualTo(100 * ByteSize.MIB);
    assertThat(chosen.places().getFirst().terms().reasons().getFirst())
        .contains("100 MiB of the base disk have to come", OLDER.shortForm());
  }

  @Test
  void aHostThatHasTheBaseWinsOverOneWithMoreRoom() {
    assertThat(
            chosen(
                PlacementPreset.BALANCE,
                new Host(1),
                new Host(2).memory(4 * ByteSize.GIB, 0).has(BASE)))
        .containsExactly(id(2));
  }

  @ParameterizedTest
  @EnumSource
  void havingTheBaseNeverBeatsAHardRule(PlacementPreset preset) {
    Host full = new Host(2).memory(ByteSize.GIB, ByteSize.GIB).has(BASE);
    Host kept = new Host(3).standing(true, true, false).has(BASE);

    assertThat(chosen(preset, new Host(1), full, kept)).containsExactly(id(1));
  }

  @Test
  void packFillsAndBalanceSpreads() {
    Host fuller = new Host(1).memory(64 * ByteSize.GIB, 32 * ByteSize.GIB).has(BASE);
    Host emptier = new Host(2).has(BASE);

    assertThat(chosen(PlacementPreset.PACK, fuller, emptier)).containsExactly(id(1));
    assertThat(chosen(PlacementPreset.BALANCE, fuller, emptier)).containsExactly(id(2));
  }

  @Test
  void aClusterHasWeightsOfItsOwn() {
    Policy policy =
        new Policy(
            PlacementPreset.BALANCE.weights(),
            Map.of(new EntityName("night"), PlacementPreset.PACK.weights()),
            Map.of(),
            0.4,
            Policy.GIGABIT,
            Policy.GIGABIT);
    FleetSnapshot fleet =
        fleet(
            policy,
            new Host(1).in("night").memory(64 * ByteSize.GIB, 32 * ByteSize.GIB).get(),
            new Host(2).in("night").get(),
            new Host(3).in("day").memory(64 * ByteSize.GIB, 32 * ByteSize.GIB).get(),
            new Host(4).in("day").get());

    assertThat(hosts(fleet, SMALL.with(Wishes.NONE.in(new EntityName("night"))), 1))
        .containsExactly(id(1));
    assertThat(hosts(fleet, SMALL.with(Wishes.NONE.in(new EntityName("day"))), 1))
        .containsExactly(id(4));
  }

  @Test
  void aBatchCountsWhatItHasPlacedAlready() {
    FleetSnapshot fleet =
        fleet(
            BALANCED,
            new Host(1).memory(ByteSize.GIB, 0).has(BASE).get(),
            new Host(2).memory(ByteSize.GIB, 0).has(BASE).get());

    assertThat(hosts(fleet, SMALL, 4)).containsExactly(id(1), id(2), id(1), id(2));
    assertThat(fleet.placed()).isZero();
    assertThat(new Placer(fleet).place(SMALL, 5, Quota.NONE))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            refused -> {
              assertThat(refused.placed()).isEqualTo(4);
              assertThat(refused.inWords())
                  .contains("room for 4", "Host h1:", "Host h2:", "512 MiB of memory");
            });
    assertThat(fleet.placed()).isZero();
  }

  @Test
  void aBatchStaysOnTheWarmHostUntilAColdOneWouldBeSooner() {
    // The base comes in about 9.2 s; a VM starts in 0.4 s: 23 of them start meanwhile.
    FleetSnapshot fleet =
        fleet(
            Policy.of(new PlacementWeights(1, 0, 0, 0, 0)),
            new Host(1).get(),
            new Host(2).has(BASE).get());

    assertThat(hosts(fleet, SMALL, 22)).containsOnly(id(2));
    List<HostId> many = hosts(fleet, SMALL, 63);
    assertThat(many.stream().filter(id(2)::equals)).hasSizeBetween(42, 44);
  }

  @Test
  void aRefusalNamesEveryReason() {
    HostSnapshot bad =
        new Host(1)
            .problem(
                Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "asking libvirt").detail("No socket"))
            .standing(false, true, true)
            .cpus(0, 0, 0)
            .memory(0, 0)
            .disk(0)
            .in("west")
            .tags("hdd")
            .abilities(
                new HostSnapshot.Abilities(
                    Optional.empty(), Optional.of(2), "tcg", false, Set.of("default"), Set.of()))
            .get();
    Wishes wishes =
        new Wishes(
            Set.of(id(9)),
            Optional.of(new EntityName("east")),
            Set.of("ssd"),
            Optional.of("aarch64"),
            Optional.of(3),
            Optional.of("kvm"),
            Optional.of(new Wishes.Group("db", GroupRule.APART)));
    VmNeeds needs =
        new VmNeeds(
            1,
            ByteSize.GIB,
            64 * ByteSize.MIB,
            0,
            Firmware.UEFI,
            List.of(new NetworkAttachment.Network("lan"), new NetworkAttachment.Bridge("br0")),
            Map.of(BASE, ByteSize.GIB),
            wishes);
    FleetSnapshot fleet =
        FleetSnapshot.of(
            List.of(bad),
            new FleetSnapshot.Surroundings(
                Relatives.NONE, new Groups(Map.of("db", Set.of(id(1)))), BALANCED));

    List<String> reasons = Ranking.of(fleet, needs).refusals().getFirst().reasons();

    assertThat(reasons)
        .containsExactly(
            "is not among the hosts that were named",
            "its agent does not report",
            "is under maintenance",
            "is being drained",
            "its hypervisor cannot be used: No socket",
            "needs 1.0 GiB of memory, 0 B of 0 B are left",
            "needs 1 processors, the host has 0",
            "needs 1.1 GiB of disk space, its base disk included, 0 B are left",
            "is in the cluster 'west', not in 'east'",
            "lacks the tag ssd",
            "its agent does not tell its architecture",
            "its processors have level 2, the VM needs 3",
            "its accelerator is tcg, not kvm",
            "has no UEFI firmware; Debian's package ovmf brings it",
            "has no active network 'lan' (it has: default)",
            "has no bridge 'br0' (it has: none)",
            "has a VM of the group 'db', which are kept apart");
  }

  @Test
  void processorsMayBePromisedOnlySoOften() {
    FleetSnapshot fleet = fleet(BALANCED, new Host(1).cpus(4, 8, 7).get());

    assertThat(hosts(fleet, SMALL, 1)).containsExactly(id(1));
    assertThat(Ranking.of(fleet, SMALL).targets().getFirst().room()).isEqualTo(1);
    assertThat(new Placer(fleet).place(SMALL, 2, Quota.NONE))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            refused ->
                assertThat(refused.inWords())
                    .contains("needs 1 processors, 0 of 8 that may be promised are left"));
  }

  @Test
  void aClustersHostsHaveItsBaseline() {
    Policy policy =
        new Policy(
            PlacementPreset.BALANCE.weights(),
            Map.of(),
            Map.of(new EntityName("west"), 4),
            0.4,
            Policy.GIGABIT,
            Policy.GIGABIT);
    FleetSnapshot fleet = fleet(policy, new Host(1).in("west").get(), new Host(2).get());

    assertThat(hosts(fleet, SMALL, 1)).containsExactly(id(2));
    assertThat(Ranking.of(fleet, SMALL).refusals().getFirst().reasons())
        .containsExactly("its processors have level 3, the baseline of its cluster is 4");
  }

  @Test
  void groupsStayApartOrTogether() {
    Wishes apart = group("web", GroupRule.APART);
    Wishes together = group("db", GroupRule.TOGETHER);
    FleetSnapshot fleet =
        FleetSnapshot.of(
            List.of(new Host(1).has(BASE).get(), new Host(2).has(BASE).get(), new Host(3).get()),
            new FleetSnapshot.Surroundings(
                Relatives.NONE, new Groups(Map.of("db", Set.of(id(3)))), BALANCED));

    assertThat(hosts(fleet, SMALL.with(apart), 3)).containsExactly(id(1), id(2), id(3));
    assertThat(new Placer(fleet).tryOut(SMALL.with(apart), 4, Quota.NONE))
        .isInstanceOf(Placement.Refused.class);
    assertThat(hosts(fleet, SMALL.with(together), 2)).containsOnly(id(3));
    assertThat(hosts(fleet, SMALL.with(group("new", GroupRule.TOGETHER)), 5)).containsOnly(id(1));
  }

  @Test
  void aQuotaIsSaidInWords() {
    FleetSnapshot fleet = fleet(BALANCED, new Host(1).get());

    assertThat(new Placer(fleet).place(SMALL, 3, new Quota(2, 2, ByteSize.GIB)))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            refused ->
                assertThat(refused.inWords())
                    .isEqualTo(
                        "That is more than is allowed: the quota allows 2 more VMs, not 3; the"
                            + " quota allows 2 more processors, not 3; the quota allows 1.0 GiB"
                            + " more memory, not 3 times 512 MiB."));
  }

  @Test
  void aBaseThatHasToComeNeedsRoomOnceHoweverManyVmsStandOnIt() {
    long room = ByteSize.GIB + 3 * 64 * ByteSize.MIB;
    FleetSnapshot fleet = fleet(BALANCED, new Host(1).disk(room).get());

    assertThat(hosts(fleet, SMALL, 3)).hasSize(3);
    assertThat(new Placer(fleet).place(SMALL, 4, Quota.NONE))
        .isInstanceOfSatisfying(
            Placement.Refused.class, refused -> assertThat(refused.placed()).isEqualTo(3));
    FleetSnapshot small = fleet(BALANCED, new Host(1).disk(ByteSize.GIB).get());
    assertThat(new Placer(small).place(SMALL, 1, Quota.NONE))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            refused -> assertThat(refused.inWords()).contains("its base disk included"));
  }

  @Test
  void anEmptyFleetSaysSo() {
    assertThat(new Placer(fleet(BALANCED)).place(SMALL, 1, Quota.NONE))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            r -> assertThat(r.inWords()).isEqualTo("The fleet has no host."));
  }

  @Test
  void starsFallAsMoreSpeaksAgainstAHost() {
    FleetSnapshot fleet =
        fleet(
            BALANCED,
            new Host(1).has(BASE).get(),
            new Host(2).get(),
            new Host(3).link(ByteSize.MIB).get(),
            new Host(4).memory(64 * ByteSize.GIB, 48 * ByteSize.GIB).has(BASE).get());

    List<Ranking.Target> targets = Ranking.of(fleet, SMALL).targets();

    assertThat(targets.stream().map(Ranking.Target::host))
        .containsExactly(id(1), id(4), id(2), id(3));
    assertThat(targets.stream().map(target -> target.terms().stars()))
        .containsExactly(5.0, 4.5, 3.5, 0.5);
  }

  @Test
  void clustersAreRankedByTheWholeBatch() {
    FleetSnapshot fleet =
        fleet(
            BALANCED,
            new Host(1).in("warm").memory(ByteSize.GIB, 0).has(BASE).get(),
            new Host(2).in("cold").get(),
            new Host(3).get());

    assertThat(new Placer(fleet).clusters(SMALL, 2).stream().map(ClusterTarget::name))
        .containsExactly(new EntityName("warm"), new EntityName("cold"));
    List<ClusterTarget> three = new Placer(fleet).clusters(SMALL, 3);
    assertThat(three.stream().map(ClusterTarget::name))
        .containsExactly(new EntityName("cold"), new EntityName("warm"));
    assertThat(three.getFirst().bytesToMove()).isEqualTo(ByteSize.GIB);
    assertThat(three.getLast().fitting()).isEqualTo(2);
    assertThat(three.getLast().stars()).isZero();
  }

  private static Wishes group(String name, GroupRule rule) {
    return new Wishes(
        Set.of(),
        Optional.empty(),
        Set.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(new Wishes.Group(name, rule)));
  }

  private static List<HostId> chosen(PlacementPreset preset, Host... hosts) {
    return hosts(
        fleet(Policy.of(preset), Arrays.stream(hosts).map(Host::get).toArray(HostSnapshot[]::new)),
        SMALL,
        1);
  }

  private static List<HostId> hosts(FleetSnapshot fleet, VmNeeds needs, int count) {
    return ((Placement.Chosen) new Placer(fleet).tryOut(needs, count, Quota.NONE)).hosts();
  }
}
