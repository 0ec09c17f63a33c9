package dev.ratoon.server.inventory;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.DesiredBase;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.Lineage;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.AdoptionTable.Adoption;
import dev.ratoon.server.store.BaseWishTable.BaseWish;
import dev.ratoon.server.store.CleanUpTable.Removal;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.GroupCommit;
import dev.ratoon.server.store.GroupCommit.Outcome;
import dev.ratoon.server.store.HostTable.Wish;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.WithdrawalTable.WithdrawalRow;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What hosts shall be, as it is written down. Hosts that ask at the same moment, as they do where
 * many deploys are accepted together, are looked up together.
 */
final class DesiredStates {
  private static final int LANES = 2;
  private static final int MOST_AT_ONCE = 256;
  private static final int MOST_WAITING = 65_536;

  private final Database database;
  private final String incarnation;
  private final Histories histories;
  private final Members members;
  private final MoveOrders moves;
  private final GroupCommit<Asked, Optional<DesiredState>> looks =
      new GroupCommit<>(LANES, MOST_AT_ONCE, MOST_WAITING, this::all);

  /** Those that were told of VMs to be purged, and have not purged all of them yet. */
  private final Set<HostId> purging = ConcurrentHashMap.newKeySet();

  private record Asked(HostId host, Known known) {}

  DesiredStates(
      Database database,
      String incarnation,
      Histories histories,
      Members members,
      MoveOrders moves) {
    this.database = database;
    this.incarnation = incarnation;
    this.histories = histories;
    this.members = members;
    this.moves = moves;
  }

  /** What the host shall be; empty if it never reported. */
  Optional<DesiredState> of(HostId host, Known known) {
    return looks.submit(new Asked(host, known));
  }

  private List<Outcome<Optional<DesiredState>>> all(List<Asked> asked) {
    return database.<List<Outcome<Optional<DesiredState>>>>read(tx -> {
      Look look = new Look(tx, asked);
      return asked.stream()
          .<Outcome<Optional<DesiredState>>>map(one -> new Outcome.Done<>(look.of(one)))
          .toList();
    });
  }

  /** Whether the host was told from here of VMs that it is to purge, and may have done so since. */
  boolean isPurging(HostId host) {
    return purging.contains(host);
  }

  /** It has purged all. */
  void hasPurged(HostId host) {
    purging.remove(host);
  }

  /** What is found for some of them. */
  private final class Look {
    private final Transaction tx;
    private final Settings settings;
    private final String run = histories.run();
    private final Map<HostId, Wish> wishes;
    private final Map<HostId, List<DesiredVm>> vms;
    private @Nullable List<WithdrawalRow> withdrawals;

    /** The revisions are read first: what a later change brings is then at worst told twice. */
    Look(Transaction tx, List<Asked> asked) {
      this.tx = tx;
      this.wishes = tx.hosts().wishes(asked.stream().map(Asked::host).toList());
      if (tx.shared()) {
        tx.servers().requireNotEnded(run, "telling a host what it shall be");
      }
      Map<HostId, Long> since = new HashMap<>();
      asked.forEach(
          one -> since.merge(one.host(), isTold(one) ? one.known().revision() : 0, Math::min));
      this.vms = tx.vms().wantedSince(since);
      this.settings = tx.fleet().settings();
    }

    /** Whether to say what has changed is enough. */
    private boolean isTold(Asked one) {
      Wish wish = wishes.get(one.host());
      return wish != null
          && wish.replaces().isEmpty()
          && one.known().revision() >= wish.leftRevision()
          && histories.isOurs(tx, one.known());
    }

    Optional<DesiredState> of(Asked one) {
      return Optional.ofNullable(wishes.get(one.host())).map(wish -> of(one, wish));
    }

    private DesiredState of(Asked one, Wish wish) {
      HostId host = one.host();
      List<DesiredVm> there = vms.getOrDefault(host, List.of());
      if (there.stream().anyMatch(vm -> vm.power() == DesiredPower.PURGED)) {
        purging.add(host);
      }
      return new DesiredState(
          incarnation,
          wish.revision(),
          there,
          wish.ofBases() ? bases(host) : List.of(),
          Optional.of(settings.scrubRules()),
          Optional.of(new Lineage(run, wish.replaces())),
          Optional.of(limits(wish)),
          wish.ofShares() ? shares(host) : List.of(),
          wish.ofAdoptions()
              ? tx.adoptions().onHost(host).stream().map(Adoption::desired).toList()
              : List.of(),
          wish.ofMoves() ? moves.of(tx, host) : List.of(),
          isTold(one) ? Optional.of(one.known().revision()) : Optional.empty(),
          hardware(host));
    }

    private Optional<GuestHardware> hardware(HostId host) {
      Map<EntityName, GuestHardware> clusters = settings.placementOrDefault().hardware();
      return clusters.isEmpty()
          ? Optional.empty()
          : members
              .find(host)
              .flatMap(Member::cluster)
              .flatMap(cluster -> Optional.ofNullable(clusters.get(cluster)));
    }

    private List<DesiredBase> bases(HostId host) {
      return Stream.concat(
              tx.baseWishes().onHost(host).stream().map(BaseWish::desired),
              tx.cleanUp().removalsOn(host).stream().map(Removal::desired))
          .toList();
    }

    private TransferLimits limits(Wish wish) {
      TransferLimits all = settings.limits();
      return wish.limitBytesPerSecond()
          .map(own ->
              new TransferLimits(own, own, all.libraryBytesPerSecond(), all.libraryUploads()))
          .orElse(all);
    }

    private List<Withdrawal> leaving(HostId host, ShareRow share) {
      return withdrawalsOf(share).map(row -> row.desired(host)).toList();
    }

    /** Until it has said how that ended, the share is for it. */
    private boolean isRemover(HostId host, ShareRow share) {
      return withdrawalsOf(share).anyMatch(row -> row.remover().equals(Optional.of(host)));
    }

    private Stream<WithdrawalRow> withdrawalsOf(ShareRow share) {
      if (withdrawals == null) {
        withdrawals = tx.withdrawals().all();
      }
      return withdrawals.stream().filter(row -> row.share().equals(share.name()));
    }

    private List<DesiredShare> shares(HostId host) {
      Optional<EntityName> cluster = members.find(host).flatMap(Member::cluster);
      return tx.shares().all().stream()
          .filter(share -> share.isFor(host, cluster) || isRemover(host, share))
          .map(share -> share.desired(host).withLeaving(leaving(host, share)))
          .toList();
    }
  }
}
