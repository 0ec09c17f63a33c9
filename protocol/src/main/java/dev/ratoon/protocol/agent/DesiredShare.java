package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ShareKind;
import java.util.List;
import java.util.Optional;

/**
 * A shared cache that a host uses.
 *
 * @param location the path at which the host has it mounted, or {@code //server/share/folder}
 * @param credentials for a share that is not mounted
 * @param marker which share it must be; empty until a host has reported it
 * @param mayPrepare whether this host may mark the folder as a share if nothing has marked it
 * @param fill bases that are to be there: whoever has one puts it there
 * @param leaving bases that are about to leave it
 */
public record DesiredShare(
    EntityName name,
    ShareKind kind,
    String location,
    Optional<ShareCredentials> credentials,
    Optional<String> marker,
    boolean mayPrepare,
    List<DiskId> fill,
    List<Withdrawal> leaving) {
  public DesiredShare {
    fill = List.copyOf(fill);
    leaving = List.copyOf(leaving);
  }

  /** One that nothing leaves. */
  public DesiredShare(
      EntityName name,
      ShareKind kind,
      String location,
      Optional<ShareCredentials> credentials,
      Optional<String> marker,
      boolean mayPrepare,
      List<DiskId> fill) {
    this(name, kind, location, credentials, marker, mayPrepare, fill, List.of());
  }

  /** The same with these bases about to leave. */
  public DesiredShare withLeaving(List<Withdrawal> others) {
    return new DesiredShare(name, kind, location, credentials, marker, mayPrepare, fill, others);
  }

  /**
   * The same without any order to remove something: what was to be removed is still withheld, and
   * what is said of it answers no order. Promises that were asked for are still given.
   */
  public DesiredShare withoutRemovals() {
    return withLeaving(
        leaving.stream()
            .map(asked ->
                asked.remove() ? new Withdrawal(asked.base(), asked.order(), 0, false) : asked)
            .toList());
  }
}
