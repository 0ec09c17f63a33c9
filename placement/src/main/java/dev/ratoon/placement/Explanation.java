package dev.ratoon.placement;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.PlacementWeights;
import dev.ratoon.placement.Terms.BaseStanding;
import dev.ratoon.placement.Terms.Whereabouts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Takes the cost of one host apart, for people. What decides is {@link Costs}. */
final class Explanation {
  private static final double MOST_HALVES = 10;

  private final FleetSnapshot fleet;
  private final Loads loads;

  Explanation(FleetSnapshot fleet) {
    this.fleet = fleet;
    this.loads = fleet.loads();
  }

  /**
   * @param cost as {@link Costs} has found it
   */
  Terms of(Request request, int host, long cost) {
    List<BaseStanding> bases = new ArrayList<>();
    double before = seconds(loads.nanosBefore(host));
    double arrival = 0;
    long bytes = 0;
    for (BaseWanted base : request.bases()) {
      BaseStanding standing = standing(base, host, before);
      before = standing.where() == Whereabouts.MISSING ? standing.seconds() : before;
      bytes += standing.where() == Whereabouts.MISSING ? standing.bytes() : 0;
      arrival = Math.max(arrival, standing.seconds());
      bases.add(standing);
    }
    Terms.Seconds seconds =
        new Terms.Seconds(
            seconds(loads.startNanos()),
            seconds(loads.startNanos() * loads.starting(host)),
            arrival,
            seconds(request.copyNanos()));
    Terms.Fullness fullness = fullness(request, host, bytes);
    return new Terms(
        seconds, fullness, seconds(cost), stars(host, seconds, fullness), bytes, bases);
  }

  private BaseStanding standing(BaseWanted base, int host, double secondsBefore) {
    if (fleet.bases().isReady(host, base.number())) {
      return new BaseStanding(base.id(), Whereabouts.HERE, 0, 0, Optional.empty());
    }
    if (fleet.comings().cost(host, base.number()) != Comings.NOT_COMING) {
      return new BaseStanding(
          base.id(),
          Whereabouts.COMING,
          0,
          seconds(fleet.comings().nanos(host, base.number())),
          Optional.empty());
    }
    long missing = fleet.bases().missing(host, base.kin(), base.bytes());
    double seconds =
        secondsBefore
            + seconds(
                Row.mebibytes(missing)
                    * Math.max(loads.nanosPerMebibyte(host), base.supplyNanos()));
    Optional<DiskId> relative =
        missing < base.bytes() ? fleet.bases().relative(host, base.kin()) : Optional.empty();
    return new BaseStanding(base.id(), Whereabouts.MISSING, missing, seconds, relative);
  }

  private Terms.Fullness fullness(Request request, int host, long comingBytes) {
    HostSnapshot.Room room = fleet.host(host).room();
    VmNeeds needs = request.needs();
    PlacementWeights weights = loads.weights(host);
    double memory =
        Loads.share(loads.memoryReserved(host) + needs.memoryBytes(), room.memoryBytes());
    double cpus = Loads.share(loads.cpusReserved(host) + needs.cpus(), room.cpus());
    double disk =
        Loads.share(
            room.diskBytes()
                - room.diskFreeBytes()
                + loads.diskReserved(host)
                + needs.diskBytes()
                + comingBytes,
            room.diskBytes());
    return new Terms.Fullness(
        memory,
        cpus,
        disk,
        loads.vms(host),
        weights.memory() * memory,
        weights.cpus() * cpus,
        weights.disk() * disk,
        weights.spread() * loads.vms(host));
  }

  /**
   * Five for a host on which the VM runs at once and against which nothing speaks; half of one less
   * each time when one more than that, in seconds, is twice as much.
   */
  private double stars(int host, Terms.Seconds seconds, Terms.Fullness fullness) {
    PlacementWeights weights = loads.weights(host);
    double against =
        weights.seconds() * (seconds.queue() + seconds.arrival())
            + against(weights.memory(), fullness.memory())
            + against(weights.cpus(), fullness.cpus())
            + against(weights.disk(), fullness.disk())
            + Math.max(0, fullness.spreadCost());
    double lost = Math.floor(Math.log(1 + against) / Math.log(2));
    return Math.max(1, MOST_HALVES - lost) / 2;
  }

  /** Where fullness is wanted, what is empty speaks against a host. */
  private static double against(double weight, double share) {
    return weight >= 0 ? weight * share : -weight * Math.max(0, 1 - share);
  }

  private static double seconds(long nanos) {
    return (double) nanos / Row.NANOS;
  }
}
