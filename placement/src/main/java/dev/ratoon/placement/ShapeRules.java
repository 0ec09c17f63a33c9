package dev.ratoon.placement;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.placement.Shapes.Demand;
import dev.ratoon.placement.Shapes.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The hard rules about what a host is and can do, in words where one is broken. */
final class ShapeRules {
  private ShapeRules() {}

  static List<String> reasonsAgainst(Demand demand, Shape shape) {
    List<String> reasons = new ArrayList<>();
    where(demand.wishes(), shape, reasons);
    processor(demand.wishes(), shape, reasons);
    if (demand.firmware() == Firmware.UEFI && !shape.abilities().uefi()) {
      reasons.add("has no UEFI firmware; Debian's package ovmf brings it");
    }
    for (NetworkAttachment network : demand.networks()) {
      missing(network, shape.abilities()).ifPresent(reasons::add);
    }
    return reasons;
  }

  private static void where(Wishes wishes, Shape shape, List<String> reasons) {
    if (wishes.cluster().isPresent() && !wishes.cluster().equals(shape.cluster())) {
      reasons.add(
          shape.cluster().map(name -> "is in the cluster '" + name + "'").orElse("is in no cluster")
              + ", not in '"
              + wishes.cluster().map(EntityName::text).orElse("")
              + "'");
    }
    Set<String> lacking = new TreeSet<>(wishes.tags());
    lacking.removeAll(shape.tags());
    if (!lacking.isEmpty()) {
      reasons.add("lacks the tag " + String.join(", ", lacking));
    }
  }

  private static void processor(Wishes wishes, Shape shape, List<String> reasons) {
    HostSnapshot.Abilities abilities = shape.abilities();
    wishes
        .architecture()
        .filter(wanted -> !abilities.architecture().equals(Optional.of(wanted)))
        .ifPresent(wanted ->
            reasons.add(
                abilities
                    .architecture()
                    .map(a -> "its architecture is " + a + ", not " + wanted)
                    .orElse("its agent does not tell its architecture")));
    wishes
        .cpuLevel()
        .ifPresent(level -> level(level, "the VM needs", abilities).ifPresent(reasons::add));
    shape
        .cpuBaseline()
        .ifPresent(level ->
            level(level, "the baseline of its cluster is", abilities).ifPresent(reasons::add));
    wishes
        .accelerator()
        .filter(wanted -> !abilities.accelerator().equals(wanted))
        .ifPresent(wanted ->
            reasons.add("its accelerator is " + abilities.accelerator() + ", not " + wanted));
  }

  private static Optional<String> level(
      int wanted, String whose, HostSnapshot.Abilities abilities) {
    if (abilities.cpuLevel().isEmpty()) {
      return Optional.of("its agent does not tell what its processors can do");
    }
    int has = abilities.cpuLevel().get();
    return has >= wanted
        ? Optional.empty()
        : Optional.of("its processors have level %d, %s %d".formatted(has, whose, wanted));
  }

  private static Optional<String> missing(
      NetworkAttachment network, HostSnapshot.Abilities abilities) {
    return switch (network) {
      case NetworkAttachment.User() -> Optional.empty();
      case NetworkAttachment.Network(String name) ->
          abilities.networks().contains(name)
              ? Optional.empty()
              : Optional.of(
                  "has no active network '"
                      + name
                      + "' (it has: "
                      + listed(abilities.networks())
                      + ")");
      case NetworkAttachment.Bridge(String name) ->
          abilities.bridges().contains(name)
              ? Optional.empty()
              : Optional.of(
                  "has no bridge '" + name + "' (it has: " + listed(abilities.bridges()) + ")");
    };
  }

  private static String listed(Set<String> names) {
    return names.isEmpty() ? "none" : String.join(", ", names.stream().sorted().toList());
  }
}
