package dev.ratoon.placement;

import static dev.ratoon.model.ByteSize.show;

import dev.ratoon.model.DiskId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What speaks against a host, or for it.
 *
 * @param seconds until the VM runs there
 * @param cost in all, in seconds; the least one wins
 * @param stars of five, in halves
 * @param bytesToMove that have to come for it and are not on their way yet
 * @param bases how it stands with each base disk
 */
public record Terms(
    Seconds seconds,
    Fullness fullness,
    double cost,
    double stars,
    long bytesToMove,
    List<BaseStanding> bases) {
  public Terms {
    bases = List.copyOf(bases);
  }

  /**
   * What is waited for.
   *
   * @param start of the VM itself
   * @param queue of VMs that start there before it
   * @param arrival of base disks
   * @param copy of a base disk that is copied whole
   */
  public record Seconds(double start, double queue, double arrival, double copy) {
    public double total() {
      return start + queue + arrival + copy;
    }
  }

  /**
   * How full the host is then: the share of each that is promised, and what that weighs in seconds.
   *
   * @param vms how many it has before
   */
  public record Fullness(
      double memory,
      double cpus,
      double disk,
      int vms,
      double memoryCost,
      double cpuCost,
      double diskCost,
      double spreadCost) {}

  /** How a base disk stands to a host. */
  public enum Whereabouts {
    HERE,
    COMING,
    MISSING
  }

  /**
   * A base disk that the VM needs, on this host.
   *
   * @param bytes that have to come
   * @param seconds until it is there
   * @param relative the base disk of which the rest is taken
   */
  public record BaseStanding(
      DiskId base, Whereabouts where, long bytes, double seconds, Optional<DiskId> relative) {}

  /** For people, what matters most first. */
  public List<String> reasons() {
    List<String> reasons = new ArrayList<>();
    bases.forEach(base -> reasons.add(words(base)));
    if (seconds.queue() > 0) {
      reasons.add("others start before it: " + seconds(seconds.queue()));
    }
    if (seconds.copy() > 0) {
      reasons.add("copying takes " + seconds(seconds.copy()));
    }
    reasons.add(
        "memory "
            + percent(fullness.memory())
            + ", processors "
            + percent(fullness.cpus())
            + ", disk "
            + percent(fullness.disk())
            + " taken then");
    return reasons;
  }

  private String words(BaseStanding standing) {
    String base = bases.size() == 1 ? "the base disk" : "base " + standing.base().shortForm();
    return switch (standing.where()) {
      case HERE -> "has " + base;
      case COMING -> base + " is on its way: " + seconds(standing.seconds());
      case MISSING ->
          "%s of %s have to come: %s%s"
              .formatted(
                  show(standing.bytes()),
                  base,
                  seconds(standing.seconds()),
                  standing
                      .relative()
                      .map(other -> ", the rest is in base " + other.shortForm())
                      .orElse(""));
    };
  }

  private static String seconds(double value) {
    long tenths = Math.round(value * 10);
    return (tenths < 100 ? tenths / 10 + "." + tenths % 10 : String.valueOf(Math.round(value)))
        + " s";
  }

  private static String percent(double share) {
    return Math.round(share * 100) + " %";
  }
}
