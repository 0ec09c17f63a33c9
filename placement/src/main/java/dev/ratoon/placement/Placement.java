package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import java.util.List;

/** The answer to the question where VMs go. */
public sealed interface Placement {

  /** A host for each VM of the request, in the request's order. */
  record Chosen(List<HostId> hosts) implements Placement {
    public Chosen {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * No host takes the VM.
   *
   * @param placed how many VMs of the request would have found a host before this one
   * @param refusals every host with every reason; empty when there is no host at all
   */
  record Refused(int placed, List<Refusal> refusals) implements Placement {
    public Refused {
      refusals = List.copyOf(refusals);
    }

    /** For people: each host and its reasons. */
    public String inWords() {
      if (refusals.isEmpty()) {
        return "The fleet has no host.";
      }
      StringBuilder words = new StringBuilder();
      if (placed > 0) {
        words.append("There is room for ").append(placed).append(" of the VMs only. ");
      }
      for (Refusal refusal : refusals) {
        words
            .append("Host ")
            .append(refusal.host())
            .append(": ")
            .append(String.join("; ", refusal.reasons()))
            .append(". ");
      }
      return words.toString().strip();
    }
  }

  /** Why one host does not take the VM. */
  record Refusal(EntityName host, List<String> reasons) {
    public Refusal {
      reasons = List.copyOf(reasons);
    }
  }
}
