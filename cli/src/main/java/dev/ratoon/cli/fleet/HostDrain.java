package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "drain",
    sortOptions = false,
    description = {
      "Move all VMs of a host elsewhere, and let no new ones come.",
      "Of those that run say whether they move --live or --cold. It can be cut off and given again:",
      "what has moved has moved. VMs in the trash stay."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon host drain host1 --cold",
      "  ratoon host drain host1 --live --at-once 4",
      "  ratoon host drain host1 off"
    })
final class HostDrain implements Callable<Integer> {
  private static final int NAMES_SHOWN = 20;
  private static final int MOST_AT_ONCE = 16;

  private final Session session;

  @Parameters(index = "0", paramLabel = "HOST", description = "The host's name or id.")
  String name = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "on|off",
      description = "off lets VMs come again; on unless told.")
  HostChanges.Maintenance.State state = HostChanges.Maintenance.State.on;

  @ArgGroup How how = new How();

  static final class How {
    @Option(names = "--live", description = "Move guests while they run. New: see the guide.")
    boolean live;

    @Option(names = "--cold", description = "Shut guests down, and start them again elsewhere.")
    boolean cold;
  }

  @Option(names = "--at-once", paramLabel = "N", description = "How many at a time (2).")
  int atOnce = 2;

  HostDrain(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    boolean on = state == HostChanges.Maintenance.State.on;
    HostView host = HostChanges.draining(session, name, on);
    if (!on) {
      session.output().say(host.name() + " is not drained any more.");
      return ExitCode.OK;
    }
    List<VmView> left = new ArrayList<>(on(host));
    int moved = 0;
    int code = ExitCode.OK;
    while (!left.isEmpty()) {
      int count = Math.min(Math.clamp(atOnce, 1, MOST_AT_ONCE), left.size());
      List<VmView> some = List.copyOf(left.subList(0, count));
      left.subList(0, count).clear();
      List<OperationView> begun = new ArrayList<>();
      for (VmView vm : some) {
        try {
          begun.add(
              session.client().call(VmEndpoints.VM_MIGRATE, Params.of("vm", vm.id()), request(vm)));
        } catch (RatoonException refused) {
          Output.error(session.terminal(), refused.problem());
          code = ExitCode.of(refused.problem());
        }
      }
      int ended = Waiting.report(session, Waiting.until(session, begun));
      moved += begun.size();
      code = ended == ExitCode.OK ? code : ended;
    }
    tell(host, moved);
    return code;
  }

  private MigrateRequest request(VmView vm) {
    boolean runs = vm.state() == VmState.RUNNING;
    Optional<MigrationMode> mode =
        how.live && runs
            ? Optional.of(MigrationMode.LIVE)
            : Optional.of(MigrationMode.COLD).filter(_ -> how.cold || !runs);
    return new MigrateRequest(Optional.empty(), mode, Optional.empty());
  }

  private List<VmView> on(HostView host) {
    return session.client().list(VmEndpoints.VM_LIST, Params.NONE).stream()
        .filter(vm -> vm.host().equals(Optional.of(host.name())))
        .toList();
  }

  private void tell(HostView host, int tried) {
    List<EntityName> still = on(host).stream().map(VmView::name).toList();
    session
        .output()
        .say(
            still.isEmpty()
                ? host.name() + " has no VMs any more; no new ones come to it."
                : "Still on "
                    + host.name()
                    + ": "
                    + Words.names(still, NAMES_SHOWN)
                    + ". "
                    + (tried == 0 ? "None could move." : "Give the command again to go on."));
  }
}
