package dev.ratoon.model;

import java.util.UUID;

/**
 * The identity of a VM; also its UUID in the hypervisor, so that a domain found there names its
 * owner.
 */
public record VmId(UUID uuid) implements Comparable<VmId> {

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code text} is not a UUID
   */
  public static VmId parse(String text) {
    try {
      return new VmId(UUID.fromString(text));
    } catch (IllegalArgumentException notUuid) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the virtual machine id '" + text + "'")
          .next("An id looks like 123e4567-e89b-12d3-a456-426614174000.")
          .asException(notUuid);
    }
  }

  @Override
  public int compareTo(VmId other) {
    return uuid.compareTo(other.uuid);
  }

  @Override
  public String toString() {
    return uuid.toString();
  }
}
