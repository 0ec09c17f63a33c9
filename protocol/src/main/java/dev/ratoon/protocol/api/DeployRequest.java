package dev.ratoon.protocol.api;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RestartPolicy;
import java.util.List;
import java.util.Optional;

/**
 * VMs to be deployed.
 *
 * @param name of the VM; with {@code count} above 1 of the batch, whose VMs are called NAME-1,
 *     NAME-2, ...
 * @param disks the first is the one it boots from
 * @param memoryBytes unless told, the image's least, or 512 MiB
 * @param firmware unless told, the image's
 * @param differencing for disks that do not say themselves
 * @param paused whether its processors are held at first
 * @param place where they may go; anywhere unless told
 */
public record DeployRequest(
    EntityName name,
    int count,
    List<DiskRequest> disks,
    int cpus,
    Optional<Long> memoryBytes,
    List<NetworkAttachment> networks,
    Optional<Firmware> firmware,
    RestartPolicy restart,
    CloudInit cloudInit,
    Optional<Boolean> differencing,
    boolean paused,
    Optional<PlaceRequest> place) {
  public static final int MAX_COUNT = 1000;
  private static final int MAX_CPUS = 512;
  private static final int MAX_DISKS = 16;
  private static final int MAX_NETWORKS = 8;
  private static final long MIN_MEMORY = 16L << 20;

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if a number is out of
   *     its bounds
   */
  public DeployRequest {
    disks = List.copyOf(disks);
    networks = List.copyOf(networks);
    require(
        count >= 1 && count <= MAX_COUNT,
        "count " + count,
        "A request deploys 1 to " + MAX_COUNT + " VMs.");
    require(
        cpus >= 1 && cpus <= MAX_CPUS,
        "cpus " + cpus,
        "A VM has 1 to " + MAX_CPUS + " processors.");
    require(
        memoryBytes.isEmpty() || memoryBytes.get() >= MIN_MEMORY,
        "memory",
        "A VM has at least 16 MiB of memory.");
    require(
        !disks.isEmpty() && disks.size() <= MAX_DISKS,
        "disks",
        "A VM has 1 to " + MAX_DISKS + " disks.");
    require(
        networks.size() <= MAX_NETWORKS,
        "networks",
        "A VM has at most " + MAX_NETWORKS + " network cards.");
  }

  /** For VMs that may go anywhere. */
  public DeployRequest(
      EntityName name,
      int count,
      List<DiskRequest> disks,
      int cpus,
      Optional<Long> memoryBytes,
      List<NetworkAttachment> networks,
      Optional<Firmware> firmware,
      RestartPolicy restart,
      CloudInit cloudInit,
      Optional<Boolean> differencing,
      boolean paused) {
    this(
        name,
        count,
        disks,
        cpus,
        memoryBytes,
        networks,
        firmware,
        restart,
        cloudInit,
        differencing,
        paused,
        Optional.empty());
  }

  private static void require(boolean holds, String what, String rule) {
    if (!holds) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the request's " + what)
          .next(rule)
          .asException();
    }
  }
}
