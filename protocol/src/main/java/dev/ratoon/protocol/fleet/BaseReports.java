package dev.ratoon.protocol.fleet;

import dev.ratoon.protocol.agent.BaseReport;
import java.util.List;

/** How far a host is with some base disks. */
public record BaseReports(List<BaseReport> bases) {
  public BaseReports {
    bases = List.copyOf(bases);
  }
}
