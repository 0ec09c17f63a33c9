package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * VMs to be made of another one, as it is at that moment.
 *
 * @param name of the clone; with {@code count} above 1 they are called NAME-1, NAME-2, ...
 * @param full whether a clone's disks come to stand alone: it starts on those of its origin at
 *     once, and copies what it needs of them while it runs
 * @param quiesce whether the guest's agent, if there is one, is asked to bring its file systems to
 *     rest for the moment of the cut
 * @param paused whether the clones' processors are held at first
 * @param place where they may go; anywhere unless told
 */
public record CloneRequest(
    EntityName name,
    int count,
    boolean full,
    boolean quiesce,
    boolean paused,
    Optional<PlaceRequest> place) {

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if there are none or
   *     too many
   */
  public CloneRequest {
    if (count < 1 || count > DeployRequest.MAX_COUNT) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the request's count " + count)
          .next("A request makes 1 to " + DeployRequest.MAX_COUNT + " clones.")
          .asException();
    }
  }
}
