package dev.ratoon.model;

/**
 * What counts how much when hosts are compared. The cost of a host is a number of seconds: those
 * until the VM runs there, and what else speaks against the host, in seconds that somebody would
 * wait to avoid it. A negative weight says that it speaks for the host.
 *
 * @param seconds for each second until the VM runs
 * @param memory for a host whose memory is promised away altogether, a part of it in proportion
 * @param cpus the same for its processors
 * @param disk the same for the disk on which it keeps bases and overlays
 * @param spread for each VM that the host has already
 */
public record PlacementWeights(
    double seconds, double memory, double cpus, double disk, double spread) {
  private static final double MOST = 1000;
  private static final double MOST_SECONDS = 16;

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if one is out of its
   *     bounds
   */
  public PlacementWeights {
    boolean sound =
        seconds >= 0
            && seconds <= MOST_SECONDS
            && sound(memory)
            && sound(cpus)
            && sound(disk)
            && sound(spread);
    if (!sound) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the weights of placement")
          .next("The weight of seconds is 0 to 16, the others are -1000 to 1000.")
          .asException();
    }
  }

  private static boolean sound(double weight) {
    return weight >= -MOST && weight <= MOST;
  }
}
