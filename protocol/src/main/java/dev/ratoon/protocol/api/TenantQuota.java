package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The most that a tenant may have; what is absent has no bound.
 *
 * @param vms outside the trash
 * @param memoryBytes that VMs outside the trash are promised
 * @param diskBytes that the disks of its VMs may grow to, as their guests see them; the trash
 *     counts
 */
public record TenantQuota(
    Optional<Long> vms, Optional<Long> memoryBytes, Optional<Long> diskBytes) {
  public static final TenantQuota NONE =
      new TenantQuota(Optional.empty(), Optional.empty(), Optional.empty());

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if one is below zero
   */
  public TenantQuota {
    boolean sound =
        Stream.of(vms, memoryBytes, diskBytes)
            .flatMap(Optional::stream)
            .allMatch(most -> most >= 0);
    if (!sound) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the quota")
          .next("Each number is 0 or more; leave out what has no bound.")
          .asException();
    }
  }
}
