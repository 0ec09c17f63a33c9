package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.FileSystemFacts;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.server.cleanup.CacheFacts;
import dev.ratoon.server.cleanup.CacheFacts.Held;
import dev.ratoon.server.cleanup.FleetFacts;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.CleanUpTable.Removal;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.WithdrawalTable.WithdrawalRow;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Gathers what {@link dev.ratoon.server.cleanup.CachePlan} decides from. */
final class CleanUpFacts {
  private final Hosts hosts;
  private final Observations observations;
  private final Bringing bringing;
  private final InstantSource clock;

  CleanUpFacts(Hosts hosts, Observations observations, Bringing bringing, InstantSource clock) {
    this.hosts = hosts;
    this.observations = observations;
    this.bringing = bringing;
    this.clock = clock;
  }

  /** What is known of one moment. */
  private record Moment(
      Instant now,
      CacheNeeds needs,
      Map<String, CachePolicy> policies,
      Map<String, Map<DiskId, Instant>> uses,
      Set<Removal> removals,
      List<WithdrawalRow> withdrawals) {
    Optional<CachePolicy> policy(String cache) {
      return Optional.ofNullable(policies.get(cache))
          .or(() -> Optional.ofNullable(policies.get(CleanUpTable.FLEET)));
    }

    boolean isLeaving(HostId host, DiskId base) {
      return removals.stream()
          .anyMatch(removal -> removal.host().equals(host) && removal.base().equals(base));
    }

    boolean isLeaving(EntityName share, DiskId base) {
      return withdrawals.stream()
          .anyMatch(leaving -> leaving.share().equals(share) && leaving.base().equals(base));
    }

    Instant usedAt(String cache, DiskId base) {
      return uses.getOrDefault(cache, Map.of()).getOrDefault(base, now);
    }
  }

  FleetFacts now(Transaction tx) {
    return now(tx, Set.of());
  }

  /**
   * As of now.
   *
   * @param undecided of these withdrawals it is asked once more whether they may be
   */
  FleetFacts now(Transaction tx, Set<WithdrawalRow> undecided) {
    Collection<Hosts.Seen> all = hosts.all();
    Moment moment =
        new Moment(
            clock.instant(),
            CacheNeeds.of(tx, all, observations),
            tx.cleanUp().policies(),
            tx.cleanUp().uses(),
            new HashSet<>(tx.cleanUp().removals()),
            tx.withdrawals().all().stream().filter(row -> !undecided.contains(row)).toList());
    List<CacheFacts> caches = new ArrayList<>();
    all.forEach(host -> caches.add(own(host, moment)));
    List<ShareRow> shares = tx.shares().all();
    shares.forEach(share -> caches.add(shared(share, shares, moment)));
    Map<DiskId, List<ImageRef>> images =
        tx.images().all().stream()
            .collect(
                Collectors.groupingBy(
                    ImageRow::diskId, Collectors.mapping(ImageRow::image, Collectors.toList())));
    return new FleetFacts(moment.now(), caches, images, moment.needs().users(), moving(all));
  }

  /** Whoever brings a base may get it from any of those who have it. */
  private Set<DiskId> moving(Collection<Hosts.Seen> all) {
    Set<DiskId> moving = new HashSet<>();
    for (Hosts.Seen host : all) {
      for (ReplicaReport replica : host.report().replicas()) {
        if (replica.state() == ReplicaState.ARRIVING
            || !bringing.hosts(replica.diskId()).isEmpty()) {
          moving.add(replica.diskId());
        }
      }
    }
    return moving;
  }

  private CacheFacts own(Hosts.Seen seen, Moment moment) {
    HostReport host = seen.report();
    String key = CleanUpTable.of(host.id());
    Optional<FileSystemFacts> fileSystem =
        host.facts().fileSystems().stream()
            .filter(system -> system.holds().contains("cache"))
            .findFirst();
    return new CacheFacts(
        key,
        host.name().text(),
        Optional.of(host.id()),
        moment.policy(key),
        closed(seen),
        isLibrary(host.id()),
        fileSystem.map(FileSystemFacts::totalBytes).orElse(host.facts().diskTotalBytes()),
        fileSystem.map(FileSystemFacts::freeBytes).orElse(host.facts().diskFreeBytes()),
        host.replicas().stream()
            .filter(replica -> replica.cache().isEmpty())
            .map(replica -> held(host, key, replica, moment))
            .toList());
  }

  private CacheFacts shared(ShareRow share, List<ShareRow> shares, Moment moment) {
    ShareFacts facts = ShareFacts.of(share, hosts);
    String key = CleanUpTable.ofShare(share.name().text());
    return new CacheFacts(
        key,
        share.name().text(),
        Optional.empty(),
        moment.policy(key),
        facts.sameAs(shares, hosts).or(() -> facts.closed(this::closed)),
        false,
        facts.totalBytes(),
        facts.freeBytes(),
        facts.bases().stream().map(base -> onShare(share, key, base, moment)).toList());
  }

  private static Held onShare(ShareRow share, String key, ShareReport.Base base, Moment moment) {
    return new Held(
        base.diskId(),
        Layout.FLAT,
        base.state(),
        base.storedBytes(),
        Optional.empty(),
        moment.usedAt(key, base.diskId()),
        moment.needs().of(key, base.diskId()),
        moment.isLeaving(share.name(), base.diskId()));
  }

  private static Held held(HostReport host, String key, ReplicaReport replica, Moment moment) {
    return new Held(
        replica.diskId(),
        replica.layout(),
        replica.state(),
        replica.storedBytes(),
        replica.parent(),
        moment.usedAt(key, replica.diskId()),
        moment.needs().of(key, replica.diskId()),
        moment.isLeaving(host.id(), replica.diskId()));
  }

  /** Why nobody can know what the host's bases are needed for. */
  private Optional<String> closed(Hosts.Seen seen) {
    HostReport host = seen.report();
    if (!hosts.connected(seen)) {
      return Optional.of("the host is not connected");
    }
    if (seen.standing() != Standing.OURS) {
      return Optional.of("the host does not follow this database");
    }
    if (host.revision() == 0) {
      return Optional.of("the host has not looked at all its VMs yet");
    }
    if (host.hypervisorProblem().isPresent()) {
      return Optional.of("the host's hypervisor cannot be asked what VMs it has");
    }
    List<Findings.Stray> strays = host.findings().map(Findings::strays).orElse(List.of());
    if (strays.size() < host.unknownVms().size()) {
      return Optional.of("the host has VMs of which it does not say what they stand on");
    }
    boolean unreadable =
        strays.stream()
            .flatMap(stray -> stray.overlays().stream())
            .anyMatch(disk -> disk.path().endsWith(".qcow2") && disk.parent().isEmpty());
    return unreadable
        ? Optional.of("the host has an unknown VM with a disk whose header cannot be read")
        : Optional.empty();
  }

  private boolean isLibrary(HostId host) {
    return hosts.member(host).flatMap(Member::keySha256).isEmpty();
  }
}
