package dev.ratoon.cli.vm;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.GroupRule;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.api.PlaceRequest;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where VMs may go. */
final class WhereOptions {
  @Option(
      names = "--host",
      paramLabel = "HOST",
      split = ",",
      description = "Only to this host, by name or id. Repeatable: to one of them.")
  List<String> hosts = List.of();

  @Option(names = "--cluster", paramLabel = "NAME", description = "Only to hosts of a cluster.")
  @Nullable String cluster;

  @Option(
      names = "--tag",
      paramLabel = "TAG",
      split = ",",
      description = "Only to hosts with this tag. Repeatable: with all of them.")
  List<String> tags = List.of();

  @Option(
      names = "--apart",
      paramLabel = "GROUP",
      description = "Never two VMs of this group on one host.")
  @Nullable String apart;

  @Option(
      names = "--together",
      paramLabel = "GROUP",
      description = "All VMs of this group on one host.")
  @Nullable String together;

  @Option(
      names = "--cpu-level",
      paramLabel = "N",
      description = "Only to hosts with processors of this level: 3 for x86-64-v3.")
  @Nullable Integer cpuLevel;

  @Option(
      names = "--accelerator",
      paramLabel = "kvm|tcg",
      description = "Only to hosts with this one.")
  @Nullable String accelerator;

  /** Empty where nothing is asked for. */
  Optional<PlaceRequest> request() {
    if (apart != null && together != null) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading where VMs may go")
          .detail("A VM is in one group.")
          .next("Give --apart or --together.")
          .asException();
    }
    Optional<GroupRule> rule =
        apart != null
            ? Optional.of(GroupRule.APART)
            : Optional.ofNullable(together).map(_ -> GroupRule.TOGETHER);
    PlaceRequest place =
        new PlaceRequest(
            hosts,
            Optional.ofNullable(cluster).map(EntityName::new),
            tags,
            Optional.empty(),
            Optional.ofNullable(cpuLevel),
            Optional.ofNullable(accelerator),
            Optional.ofNullable(apart).or(() -> Optional.ofNullable(together)).map(EntityName::new),
            rule);
    return place.equals(PlaceRequest.ANYWHERE) ? Optional.empty() : Optional.of(place);
  }
}
