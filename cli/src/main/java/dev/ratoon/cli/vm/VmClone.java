package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "clone",
    sortOptions = false,
    description = {
      "Make VMs of another one as it is now, while it runs or not.",
      "Their disks are children of what its disks hold at that moment, so nothing is copied. They",
      "get addresses and a cloud-init instance of their own."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon vm clone web web-test",
      "  ratoon vm clone web worker --count 20",
      "  ratoon vm clone db db-copy --full --host west-3",
      "",
      "A clone of a VM that runs begins as its origin would after a power loss, unless the guest has",
      "QEMU's agent and --quiesce is given."
    })
final class VmClone implements Callable<Integer> {
  private static final int LIST_LIMIT = 1000;
  private final Session session;

  @Parameters(index = "0", paramLabel = "VM", description = "The VM's name or id.")
  String vm = "";

  @Parameters(
      index = "1",
      paramLabel = "NAME",
      description = "The clone's name; with --count they are called NAME-1, NAME-2, ...")
  String name = "";

  @Option(names = "--count", paramLabel = "N", description = "How many (1).")
  int count = 1;

  @ArgGroup How how = new How();

  @Option(
      names = "--quiesce",
      description = "Ask the guest's agent to bring its file systems to rest for that moment.")
  boolean quiesce;

  @Option(names = "--paused", description = "Hold the clones' processors until 'ratoon vm start'.")
  boolean paused;

  @Mixin WhereOptions where = new WhereOptions();
  @Mixin WaitOption wait = new WaitOption();

  VmClone(Session session) {
    this.session = session;
  }

  static final class How {
    @Option(
        names = "--full",
        description =
            "Their disks come to stand alone: they start at once, and copy while they run.")
    boolean full;

    @Option(names = "--linked", description = "Their disks stay children (this unless told).")
    boolean linked;
  }

  @Override
  public Integer call() {
    CloneRequest request =
        new CloneRequest(new EntityName(name), count, how.full, quiesce, paused, where.request());
    OperationView begun =
        session.client().call(LayerEndpoints.VM_CLONE, Params.of("vm", vm), request);
    if (wait.noWait()) {
      return wait.finish(session, List.of(begun));
    }
    List<OperationView> frozen = Waiting.until(session, List.of(begun));
    int code = Waiting.report(session, frozen);
    if (code != ExitCode.OK) {
      return code;
    }
    List<OperationView> ended = Waiting.until(session, deploys(frozen.getFirst()));
    show(ended);
    return Waiting.report(session, ended);
  }

  /** The operations in which the clones that it named are deployed. */
  private List<OperationView> deploys(OperationView clone) {
    Set<String> names = Set.of(clone.result().orElse("").split(", "));
    return session.client().list(Endpoints.OPERATION_LIST, Params.of("limit", LIST_LIMIT)).stream()
        .filter(each -> each.kind() == OperationKind.DEPLOY)
        .filter(each -> names.contains(each.subject()))
        .filter(each -> !each.createdAt().isBefore(clone.createdAt()))
        .toList();
  }

  private void show(List<OperationView> ended) {
    Set<VmId> ids =
        ended.stream()
            .filter(operation -> operation.state() == OperationState.DONE)
            .flatMap(operation -> operation.vm().stream())
            .collect(Collectors.toSet());
    if (!ids.isEmpty()) {
      List<VmView> vms =
          session.client().list(VmEndpoints.VM_LIST, Params.NONE).stream()
              .filter(each -> ids.contains(each.id()))
              .toList();
      session.output().list(vms, VmCommands.deployed(), "");
    }
  }
}
