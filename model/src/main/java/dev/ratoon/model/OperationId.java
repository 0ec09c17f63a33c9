package dev.ratoon.model;

import java.util.UUID;

/** The identity of an operation. */
public record OperationId(UUID uuid) implements Comparable<OperationId> {

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code text} is not a UUID
   */
  public static OperationId parse(String text) {
    try {
      return new OperationId(UUID.fromString(text));
    } catch (IllegalArgumentException notUuid) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the operation id '" + text + "'")
          .next("An id looks like 123e4567-e89b-12d3-a456-426614174000.")
          .asException(notUuid);
    }
  }

  @Override
  public int compareTo(OperationId other) {
    return uuid.compareTo(other.uuid);
  }

  @Override
  public String toString() {
    return uuid.toString();
  }
}
