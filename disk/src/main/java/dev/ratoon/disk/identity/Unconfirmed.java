package dev.ratoon.disk.identity;

import dev.ratoon.model.DiskId;
import java.util.concurrent.CompletableFuture;

/**
 * What a disk is taken for because an operator trusts what its file says. Good for using it here,
 * never for serving it to others: it has no manifest, so nobody could even check what is served.
 */
public final class Unconfirmed implements Identity {
  private final DiskId presumed;
  private final String why;
  private final CompletableFuture<Confirmed> confirmation;

  Unconfirmed(DiskId presumed, String why, CompletableFuture<Confirmed> confirmation) {
    this.presumed = presumed;
    this.why = why;
    this.confirmation = confirmation;
  }

  /** What the disk is taken for. */
  public DiskId presumedId() {
    return presumed;
  }

  /** Why it is taken for that, for people. */
  public String why() {
    return why;
  }

  /**
   * Completes when the content was read and is what it was taken for. Fails with {@code
   * BASE_ALTERED} if it is something else, and with what reading it throws.
   */
  public CompletableFuture<Confirmed> confirmation() {
    return confirmation.copy();
  }

  @Override
  public String toString() {
    return "Unconfirmed[" + presumed + ", " + why + "]";
  }
}
