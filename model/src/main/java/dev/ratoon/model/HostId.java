package dev.ratoon.model;

import java.util.UUID;

/** The identity of a host in the fleet. */
public record HostId(UUID uuid) implements Comparable<HostId> {

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code text} is not a UUID
   */
  public static HostId parse(String text) {
    try {
      return new HostId(UUID.fromString(text));
    } catch (IllegalArgumentException notUuid) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the host id '" + text + "'")
          .next("An id looks like 123e4567-e89b-12d3-a456-426614174000.")
          .asException(notUuid);
    }
  }

  @Override
  public int compareTo(HostId other) {
    return uuid.compareTo(other.uuid);
  }

  @Override
  public String toString() {
    return uuid.toString();
  }
}
