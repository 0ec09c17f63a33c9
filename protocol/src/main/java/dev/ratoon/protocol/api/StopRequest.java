package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;

/**
 * How to stop a VM.
 *
 * @param graceSeconds how long the guest may take to shut down before it is switched off; 0
 *     switches it off at once
 */
public record StopRequest(int graceSeconds) {
  public static final int DEFAULT_GRACE_SECONDS = 60;
  private static final int MAX_GRACE_SECONDS = 3600;

  public StopRequest {
    if (graceSeconds < 0 || graceSeconds > MAX_GRACE_SECONDS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the grace of " + graceSeconds + " s")
          .next("Give 0 to 3600 seconds.")
          .asException();
    }
  }
}
