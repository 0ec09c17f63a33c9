package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import java.util.List;

/** The answer to the question where VMs go. */
public sealed interface Placement {

  /** A host for each VM of the request, in the request's order. */
  record Chosen(List<Place> places) implements Placement {
    public Chosen {
      places = List.copyOf(places);
    }

    public List<HostId> hosts() {
      return places.stream().map(Place::host).toList();
    }
  }

  /**
   * Where one VM goes.
   *
   * @param terms why
   */
  record Place(HostId host, EntityName name, Terms terms) {}

  /**
   * No host takes the VM.
   *
   * @param placed how many VMs of the request would have found a host before this one
   * @param quota what of the tenant's quota is exceeded
   * @param refusals hosts with every reason, at most {@link #MOST_REFUSALS} of them
   * @param hosts how many hosts there are
   */
  record Refused(int placed, List<String> quota, List<Refusal> refusals, int hosts)
      implements Placement {
    static final int MOST_REFUSALS = 1000;
    private static final int MOST_SHOWN = 20;

    public Refused {
      quota = List.copyOf(quota);
      refusals = List.copyOf(refusals);
    }

    /** For people: each host and its reasons. */
    public String inWords() {
      if (!quota.isEmpty()) {
        return "That is more than is allowed: " + String.join("; ", quota) + ".";
      }
      if (hosts == 0) {
        return "The fleet has no host.";
      }
      StringBuilder words = new StringBuilder();
      if (placed > 0) {
        words.append("There is room for ").append(placed).append(" of the VMs only. ");
      }
      for (Refusal refusal : refusals.subList(0, Math.min(MOST_SHOWN, refusals.size()))) {
        words
            .append("Host ")
            .append(refusal.host())
            .append(": ")
            .append(String.join("; ", refusal.reasons()))
            .append(". ");
      }
      int more = hosts - Math.min(MOST_SHOWN, refusals.size());
      if (more > 0) {
        words.append("And ").append(more).append(" more hosts.");
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
