package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * Moves a VM to another host.
 *
 * @param place where it may go; left out, anywhere
 * @param mode how; left out, live if it runs and cold if it does not
 * @param graceSeconds how long the guest may take to shut down if it has to, before it is switched
 *     off; left out, a minute
 */
public record MigrateRequest(
    Optional<PlaceRequest> place, Optional<MigrationMode> mode, Optional<Integer> graceSeconds) {
  private static final int MOST_GRACE_SECONDS = 3600;

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if the time is
   *     negative or more than an hour
   */
  public MigrateRequest {
    graceSeconds
        .filter(seconds -> seconds < 0 || seconds > MOST_GRACE_SECONDS)
        .ifPresent(seconds -> {
          throw Problem.of(ErrorCode.INVALID_VALUE, "reading the time to shut down")
              .next("Give 0 to 3600 seconds.")
              .asException();
        });
  }
}
