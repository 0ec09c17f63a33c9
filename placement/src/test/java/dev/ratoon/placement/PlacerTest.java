package dev.ratoon.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PlacerTest {
  private static final DiskId BASE = new DiskId("ab".repeat(32));
  private static final VmNeeds SMALL =
      needs(512 * ByteSize.MIB, Firmware.BIOS, new NetworkAttachment.User());

  @Test
  void aHostThatHasTheBaseWinsOverOneWithMoreRoom() {
    HostSnapshot cold = host(1, 64 * ByteSize.GIB, Set.of());
    HostSnapshot warm = host(2, 4 * ByteSize.GIB, Set.of(BASE));

    assertThat(Placer.place(SMALL, 1, List.of(cold, warm)))
        .isEqualTo(new Placement.Chosen(List.of(warm.id())));
  }

  @Test
  void havingTheBaseNeverBeatsAHardRule() {
    HostSnapshot cold = host(1, 64 * ByteSize.GIB, Set.of());
    HostSnapshot warmButFull = host(2, 256 * ByteSize.MIB, Set.of(BASE));

    assertThat(Placer.place(SMALL, 1, List.of(cold, warmButFull)))
        .isEqualTo(new Placement.Chosen(List.of(cold.id())));
  }

  @Test
  void aBatchCountsWhatItHasPlacedAlready() {
    HostSnapshot one = host(1, ByteSize.GIB, Set.of(BASE));
    HostSnapshot two = host(2, ByteSize.GIB, Set.of(BASE));

    assertThat(Placer.place(SMALL, 4, List.of(one, two)))
        .isEqualTo(new Placement.Chosen(List.of(one.id(), two.id(), one.id(), two.id())));
    assertThat(Placer.place(SMALL, 5, List.of(one, two)))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            refused -> {
              assertThat(refused.placed()).isEqualTo(4);
              assertThat(refused.inWords())
                  .contains("room for 4", "Host h1:", "Host h2:", "512 MiB of memory");
            });
  }

  @Test
  void aRefusalNamesEveryReason() {
    HostSnapshot bad =
        new HostSnapshot(
            id(1),
            new EntityName("h1"),
            false,
            false,
            Optional.of(
                Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "asking libvirt").detail("No socket")),
            0,
            0,
            0,
            0,
            0,
            Set.of("default"),
            Set.of(),
            false,
            Set.of(),
            Set.of());
    VmNeeds needs =
        needs(
            ByteSize.GIB,
            Firmware.UEFI,
            new NetworkAttachment.Network("lan"),
            new NetworkAttachment.Bridge("br0"));

    assertThat(Placer.reasonsAgainst(needs, bad)).hasSize(8);
    assertThat(Placer.reasonsAgainst(needs, bad))
        .anyMatch(r -> r.contains("'lan'") && r.contains("default"));
  }

  @Test
  void anEmptyFleetSaysSo() {
    assertThat(Placer.place(SMALL, 1, List.of()))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            r -> assertThat(r.inWords()).isEqualTo("The fleet has no host."));
  }

  private static VmNeeds needs(long memory, Firmware firmware, NetworkAttachment... networks) {
    return new VmNeeds(
        1, memory, 64 * ByteSize.MIB, firmware, List.of(networks), Map.of(BASE, ByteSize.GIB));
  }

  @Test
  void aHostToWhichTheBaseIsComingIsPreferredToOneWithoutIt() {
    HostSnapshot cold = host(1, 64 * ByteSize.GIB, Set.of());
    HostSnapshot warming = host(2, 4 * ByteSize.GIB, 100 * ByteSize.GIB, Set.of(), Set.of(BASE));
    HostSnapshot warm = host(3, ByteSize.GIB, Set.of(BASE));

    assertThat(Placer.place(SMALL, 1, List.of(cold, warming)))
        .isEqualTo(new Placement.Chosen(List.of(warming.id())));
    assertThat(Placer.place(SMALL, 1, List.of(cold, warming, warm)))
        .isEqualTo(new Placement.Chosen(List.of(warm.id())));
  }

  @Test
  void aBaseThatHasToComeNeedsRoomOnceHoweverManyVmsStandOnIt() {
    long room = ByteSize.GIB + 3 * 64 * ByteSize.MIB;
    HostSnapshot cold = host(1, 64 * ByteSize.GIB, room, Set.of(), Set.of());

    assertThat(Placer.place(SMALL, 3, List.of(cold))).isInstanceOf(Placement.Chosen.class);
    assertThat(Placer.place(SMALL, 4, List.of(cold)))
        .isInstanceOfSatisfying(
            Placement.Refused.class, refused -> assertThat(refused.placed()).isEqualTo(3));
    HostSnapshot small = host(1, 64 * ByteSize.GIB, ByteSize.GIB, Set.of(), Set.of());
    assertThat(Placer.place(SMALL, 1, List.of(small)))
        .isInstanceOfSatisfying(
            Placement.Refused.class,
            refused -> assertThat(refused.inWords()).contains("its base disk included"));
  }

  private static HostSnapshot host(int k, long memory, Set<DiskId> bases) {
    return host(k, memory, 100 * ByteSize.GIB, bases, Set.of());
  }

  private static HostSnapshot host(
      int k, long memory, long diskFree, Set<DiskId> bases, Set<DiskId> coming) {
    return new HostSnapshot(
        id(k),
        new EntityName("h" + k),
        true,
        false,
        Optional.empty(),
        4,
        memory,
        0,
        diskFree,
        0,
        Set.of(),
        Set.of(),
        true,
        bases,
        coming);
  }

  private static HostId id(int k) {
    return new HostId(new UUID(0, k));
  }
}
