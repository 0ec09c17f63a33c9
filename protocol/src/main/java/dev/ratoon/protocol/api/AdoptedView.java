package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.ForeignDomain;
import java.util.List;

/** What a host has adopted. */
public record AdoptedView(EntityName host, List<PathView> paths, List<ForeignDomain> domains) {
  public AdoptedView {
    paths = List.copyOf(paths);
    domains = List.copyOf(domains);
  }

  /**
   * A path that was adopted.
   *
   * @param inPlace whether what can be is a parent where it lies
   * @param settled whether the host has looked at all of it
   */
  public record PathView(String path, boolean inPlace, boolean settled, List<AdoptedDisk> disks) {
    public PathView {
      disks = List.copyOf(disks);
    }
  }
}
