package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.Problem;
import java.util.List;
import java.util.Optional;

/**
 * Where VMs may go. What is left out is not asked for.
 *
 * @param hosts one of these, by name or id
 * @param cluster a host of this cluster
 * @param tags a host that has all of these
 * @param architecture a host of this one, {@code x86_64} say
 * @param cpuLevel a host whose processors have at least this level: 3 for x86-64-v3
 * @param accelerator {@code kvm} or {@code tcg}
 * @param group VMs of the same tenant that it belongs to
 * @param rule what holds between the VMs of the group
 */
public record PlaceRequest(
    List<String> hosts,
    Optional<EntityName> cluster,
    List<String> tags,
    Optional<String> architecture,
    Optional<Integer> cpuLevel,
    Optional<String> accelerator,
    Optional<EntityName> group,
    Optional<GroupRule> rule) {
  public static final PlaceRequest ANYWHERE =
      new PlaceRequest(
          List.of(),
          Optional.empty(),
          List.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  private static final int MOST_NAMED = 1000;

  /** On this host and no other. */
  public static PlaceRequest on(String host) {
    return new PlaceRequest(
        List.of(host),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if it names a group
   *     without a rule or the other way about, or far too much
   */
  public PlaceRequest {
    hosts = List.copyOf(hosts);
    tags = List.copyOf(tags);
    if (group.isPresent() != rule.isPresent()) {
      throw invalid("Name a group and its rule: apart or together.");
    }
    if (hosts.size() > MOST_NAMED || tags.size() > MOST_NAMED) {
      throw invalid("Name at most " + MOST_NAMED + " hosts or tags.");
    }
    if (cpuLevel.isPresent() && (cpuLevel.get() < 1 || cpuLevel.get() > 4)) {
      throw invalid("The level of processors is 1 to 4, as in x86-64-v3.");
    }
  }

  private static RuntimeException invalid(String rule) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading where VMs may go").next(rule).asException();
  }
}
