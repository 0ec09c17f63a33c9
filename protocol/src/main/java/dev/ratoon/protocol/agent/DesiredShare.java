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
 */
public record DesiredShare(
    EntityName name,
    ShareKind kind,
    String location,
    Optional<ShareCredentials> credentials,
    Optional<String> marker,
    boolean mayPrepare,
    List<DiskId> fill) {
  public DesiredShare {
    fill = List.copyOf(fill);
  }
}
