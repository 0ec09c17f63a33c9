package dev.ratoon.protocol.fleet;

import dev.ratoon.protocol.agent.VmReport;
import java.util.List;

/** How some VMs of a host are. */
public record VmReports(List<VmReport> vms) {
  public VmReports {
    vms = List.copyOf(vms);
  }
}
