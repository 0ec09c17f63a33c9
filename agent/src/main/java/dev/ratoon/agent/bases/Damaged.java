package dev.ratoon.agent.bases;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;

/** What is said of a base that is damaged here. */
final class Damaged {
  private Damaged() {}

  /** That it is, and why no good copy took its place; who was only interrupted says that alone. */
  static RatoonException unmended(Problem damage, RatoonException failed) {
    if (failed.problem().code() == ErrorCode.INTERRUPTED) {
      return failed;
    }
    return damage
        .detail(damage.detail() + " There is no good copy to be had: " + failed.problem().oneLine())
        .next(
            "Nothing new is made on it. Bring back a host that has a good copy, or import the image"
                + " again, and look at the VMs that stand on it: ratoon base tree.")
        .asException(failed);
  }
}
