package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.agent.Whereabouts.Kind;
import dev.ratoon.protocol.agent.Whereabouts.Place;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.Database;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Tells hosts where the base disks are that they need, and lets them have those alone. */
final class BasePlaces {
  /** A host asks again long before that, and gets a new one. */
  private static final Duration GRANTED_FOR = Duration.ofMinutes(15);

  static final int MOST_OF_A_KIND = 32;

  private final Database database;
  private final Hosts hosts;
  private final Members members;
  private final InstantSource clock;
  private final Bringing bringing;

  BasePlaces(
      Database database, Hosts hosts, Members members, Bringing bringing, InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.members = members;
    this.clock = clock;
    this.bringing = bringing;
  }

  /** See {@link dev.ratoon.protocol.agent.ServerLink#whereabouts}. */
  Whereabouts of(HostId asker, DiskId base) {
    boolean needed =
        database.read(tx ->
            tx.vms().hostNeeds(asker, base)
                || tx.baseWishes().names(asker, base)
                || tx.migrations().hostNeeds(asker, base));
    if (!needed && !hosts.isLibrary(asker) && !keeps(asker, base)) {
      throw Problem.of(ErrorCode.FORBIDDEN, "telling where base disk " + base.shortForm() + " is")
          .detail("No VM of the host needs it, it has no copy, and nobody asked for it there.")
          .asException();
    }
    Set<HostId> beginning = bringing.noteAndTell(database, asker, base);
    List<Place> places = new ArrayList<>();
    OptionalLong size = OptionalLong.empty();
    Set<HostId> speaking = new TreeSet<>(hosts.speakingOf(base));
    speaking.addAll(beginning);
    for (HostId id : speaking) {
      Hosts.Seen host = hosts.find(id).orElse(null);
      if (host == null) {
        continue;
      }
      Optional<ReplicaReport> replica = replica(host.report(), base);
      size = replica.isPresent() ? OptionalLong.of(replica.get().sizeBytes()) : size;
      if (!id.equals(asker) && hosts.connected(host)) {
        place(host.report(), replica, beginning).ifPresent(places::add);
      }
    }
    OptionalLong shared = onShareOf(asker, base);
    size = size.isPresent() ? size : shared;
    if (size.isEmpty() || (places.isEmpty() && shared.isEmpty())) {
      throw nobody(base);
    }
    Grant grant = new Grant(asker, base, clock.instant().plus(GRANTED_FOR));
    return new Whereabouts(
        size.getAsLong(), members.signed(grant), some(places, new Random(asker.hashCode())));
  }

  /**
   * Whether it has a copy of its own, sound or not: one that rots is mended whether or not a VM
   * needs it just now. A host that claimed that in order to get a base would have to know its id.
   */
  private boolean keeps(HostId host, DiskId base) {
    return hosts.find(host).map(Hosts.Seen::report).stream()
        .flatMap(report -> report.replicas().stream())
        .anyMatch(replica -> replica.diskId().equals(base) && replica.cache().isEmpty());
  }

  /** Nobody needs more sources than these, and nobody shall be overrun: each asker gets others. */
  static List<Place> some(List<Place> places, Random random) {
    List<Place> some = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      List<Place> alike = new ArrayList<>();
      places.stream().filter(place -> place.kind() == kind).forEach(alike::add);
      if (alike.size() > MOST_OF_A_KIND) {
        Collections.shuffle(alike, random);
      }
      some.addAll(alike.subList(0, Math.min(alike.size(), MOST_OF_A_KIND)));
    }
    return some;
  }

  /** In the host's own cache, or else on a share that it sees: it gives either. */
  private static Optional<ReplicaReport> replica(HostReport report, DiskId base) {
    return report.replicas().stream()
        .filter(replica -> replica.diskId().equals(base) && replica.state() != ReplicaState.SUSPECT)
        .min(Comparator.comparing((ReplicaReport replica) -> !replica.cache().isEmpty()));
  }

  /** What can be had there; also of a host that is about to bring it and has not said so yet. */
  private Optional<Place> place(
      HostReport report, Optional<ReplicaReport> replica, Set<HostId> beginning) {
    Optional<Kind> kind =
        replica
            .map(known -> kind(report.id(), known))
            .or(() -> Optional.of(Kind.ARRIVING).filter(_ -> beginning.contains(report.id())));
    return report
        .chunkAddress()
        .flatMap(address -> kind.map(known -> new Place(report.id(), address, known)));
  }

  /** A share that the asker reads without our help. */
  private OptionalLong onShareOf(HostId asker, DiskId base) {
    return hosts.find(asker).stream()
        .flatMap(host -> host.report().shares().stream())
        .flatMap(share -> share.bases().stream())
        .filter(there -> there.diskId().equals(base) && there.state() == ReplicaState.READY)
        .mapToLong(ShareReport.Base::sizeBytes)
        .findFirst();
  }

  /** The server's own machine is everybody's library. */
  private Kind kind(HostId host, ReplicaReport replica) {
    if (replica.state() == ReplicaState.ARRIVING) {
      return Kind.ARRIVING;
    }
    return hosts.isLibrary(host) ? Kind.LIBRARY : Kind.READY;
  }

  private static RatoonException nobody(DiskId base) {
    return Problem.of(ErrorCode.BASE_MISSING, "looking for base disk " + base.shortForm())
        .detail("No host that is connected has it and gives it to others.")
        .next(
            "Import its image again: ratoon image add. The server's own machine gives only when it"
                + " listens for others: ratoon up --listen ADDRESS:PORT")
        .asException();
  }
}
