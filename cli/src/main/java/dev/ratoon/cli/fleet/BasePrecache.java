package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.model.EntityName;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PrecacheRequest;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "precache",
    description = {
      "Bring an image's base disk to hosts before VMs need it.",
      "Where it is already, nothing is done. A host that is away brings it when it is back."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon base precache debian:12 --host kvm2 --host kvm3",
      "  ratoon base precache debian:12 --all --no-wait",
      "  ratoon base precache debian:12 --all --undo"
    })
final class BasePrecache implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "IMAGE", description = "The image: NAME or NAME:TAG.")
  String image = "";

  @ArgGroup(multiplicity = "1")
  Where where = new Where();

  @Option(
      names = "--undo",
      description = {
        "Want it there no longer. What is there stays",
        "until a policy takes it: 'ratoon cache plan'."
      })
  boolean undo;

  @Mixin WaitOption wait = new WaitOption();

  BasePrecache(Session session) {
    this.session = session;
  }

  static final class Where {
    @Option(
        names = "--host",
        paramLabel = "HOST",
        split = ",",
        description = "To this host, by name or id. Repeatable.")
    List<String> hosts = List.of();

    @Option(names = "--cluster", paramLabel = "NAME", description = "To all hosts of a cluster.")
    @Nullable String cluster;

    @Option(names = "--all", description = "To all hosts.")
    boolean all;
  }

  @Override
  public Integer call() {
    PrecacheRequest request =
        new PrecacheRequest(
            where.hosts, Optional.ofNullable(where.cluster).map(EntityName::new), where.all);
    if (undo) {
      return undo(request);
    }
    List<OperationView> begun =
        session.client().list(ImageEndpoints.BASE_PRECACHE, Params.of("image", image), request);
    return wait.finish(session, begun);
  }

  private int undo(PrecacheRequest request) {
    List<EntityName> hosts =
        session
            .client()
            .call(ImageEndpoints.BASE_PRECACHE_END, Params.of("image", image), request)
            .hosts();
    session
        .output()
        .say(
            hosts.isEmpty()
                ? "Nobody had asked for " + image + " there."
                : "%s is no longer asked for on %s. What is there stays; 'ratoon cache plan' shows what may go."
                    .formatted(
                        image,
                        hosts.stream().map(EntityName::text).collect(Collectors.joining(", "))));
    return ExitCode.OK;
  }
}
