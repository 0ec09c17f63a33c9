package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Workload.Request;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;

/** Chooses a host, among those where the VM fits, for one VM after the other. */
interface Strategy {

  /** The host for one more VM of this request; empty if none takes it. */
  Optional<Host> choose(Fleet fleet, Request request);

  /** Any that fits. */
  static Strategy random(long seed) {
    Random random = new Random(seed);
    return (fleet, request) -> {
      List<Host> hosts = fleet.hosts();
      for (int tries = 0; tries < hosts.size(); tries++) {
        Host host = hosts.get(random.nextInt(hosts.size()));
        if (host.fits(request)) {
          return Optional.of(host);
        }
      }
      return least(fleet, host -> host.fits(request), random);
    };
  }

  /** The one with most memory left; among equals any. */
  static Strategy leastLoaded(long seed) {
    Random random = new Random(seed);
    return (fleet, request) -> least(fleet, host -> host.fits(request), random);
  }

  /**
   * The one with most memory left among those that have the base; if none has it, among all.
   *
   * @param arrivingCounts whether to have it is also to be getting it
   */
  static Strategy binary(long seed, boolean arrivingCounts) {
    Random random = new Random(seed);
    return (fleet, request) -> {
      Optional<Host> warm =
          least(
              fleet,
              host -> {
                Host.Held held = host.held(request.base());
                return held != null && (arrivingCounts || held.ready()) && host.fits(request);
              },
              random);
      return warm.isPresent() ? warm : least(fleet, host -> host.fits(request), random);
    };
  }

  private static Optional<Host> least(Fleet fleet, Predicate<Host> suits, Random random) {
    int turn = random.nextInt(fleet.hosts().size());
    Host best = null;
    for (int i = 0; i < fleet.hosts().size(); i++) {
      Host host = fleet.hosts().get((i + turn) % fleet.hosts().size());
      if ((best == null || host.memoryBytes() < best.memoryBytes()) && suits.test(host)) {
        best = host;
      }
    }
    return Optional.ofNullable(best);
  }
}
