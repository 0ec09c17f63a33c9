package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.MigrationView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "migrate",
    sortOptions = false,
    description = {
      "Move VMs to other hosts.",
      "Only what is a VM's own moves: a base disk that the other host has, sees on a share or can",
      "make of a relative stays where it is. Of a VM that runs say whether it moves --live or",
      "--cold. Until it has arrived, nothing of it is removed where it was."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon vm migrate web --dry-run",
      "  ratoon vm migrate web --live --to host2",
      "  ratoon vm migrate db --cold --grace 120",
      "  ratoon vm migrate web --cancel"
    })
final class VmMigrate implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "VM", arity = "1..*", description = "Names or ids.")
  List<String> vms = List.of();

  @ArgGroup Where where = new Where();

  @ArgGroup How how = new How();

  @Option(
      names = "--grace",
      paramLabel = "SECONDS",
      description = "With --cold: how long a guest may take to shut down (60).")
  @Nullable Integer graceSeconds;

  @ArgGroup Instead instead = new Instead();

  @Mixin WaitOption wait = new WaitOption();

  VmMigrate(Session session) {
    this.session = session;
  }

  static final class Where {
    @Option(
        names = "--to",
        paramLabel = "HOST",
        description = "Only to this host, by name or id. Without it the best one is chosen.")
    @Nullable String host;

    @Option(names = "--cluster", paramLabel = "NAME", description = "Only to hosts of a cluster.")
    @Nullable String cluster;
  }

  static final class How {
    @Option(names = "--live", description = "Move it while it runs. New: see the guide.")
    boolean live;

    @Option(
        names = "--cold",
        description = "Shut the guest down, and start it again on the other host.")
    boolean cold;
  }

  static final class Instead {
    @Option(
        names = "--dry-run",
        description = "Show where the VMs would go and what would move; change nothing.")
    boolean dryRun;

    @Option(names = "--cancel", description = "End a migration that is under way.")
    boolean cancel;
  }

  @Override
  public Integer call() {
    return instead.dryRun ? plan() : begin();
  }

  private MigrateRequest request() {
    Optional<PlaceRequest> place =
        where.host == null && where.cluster == null
            ? Optional.empty()
            : Optional.of(
                new PlaceRequest(
                    Optional.ofNullable(where.host).stream().toList(),
                    Optional.ofNullable(where.cluster).map(EntityName::new),
                    List.of(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty()));
    Optional<MigrationMode> mode =
        how.live
            ? Optional.of(MigrationMode.LIVE)
            : Optional.of(MigrationMode.COLD).filter(_ -> how.cold);
    return new MigrateRequest(place, mode, Optional.ofNullable(graceSeconds));
  }

  /** Asks for all of them, then waits for all; one that is refused stops no other. */
  private int begin() {
    List<OperationView> begun = new ArrayList<>();
    int refused = ExitCode.OK;
    for (String vm : vms) {
      try {
        Params params = Params.of("vm", vm);
        begun.add(
            instead.cancel
                ? session.client().call(VmEndpoints.VM_MIGRATE_CANCEL, params)
                : session.client().call(VmEndpoints.VM_MIGRATE, params, request()));
      } catch (RatoonException refusal) {
        Output.error(session.terminal(), refusal.problem());
        refused = ExitCode.of(refusal.problem());
      }
    }
    if (instead.cancel) {
      begun.forEach(operation ->
          session
              .output()
              .say("The migration of " + operation.subject() + " was cancelled; it stays."));
      return refused;
    }
    int code = wait.finish(session, begun);
    return refused == ExitCode.OK ? code : refused;
  }

  private int plan() {
    int refused = ExitCode.OK;
    for (String vm : vms) {
      try {
        MigrationView view =
            session.client().call(VmEndpoints.VM_MIGRATE_PLAN, Params.of("vm", vm), request());
        session.output().text(view, () -> lines(view));
      } catch (RatoonException refusal) {
        Output.error(session.terminal(), refusal.problem());
        refused = ExitCode.of(refusal.problem());
      }
    }
    return refused;
  }

  private static List<String> lines(MigrationView view) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s would go from %s to %s (%s): %s"
            .formatted(
                view.vm(),
                view.from(),
                view.to(),
                Words.stars(view.stars()),
                String.join("; ", view.reasons())));
    for (MigrationView.Disk disk : view.disks()) {
      lines.add(
          "  disk %d: %s move; %s"
              .formatted(disk.number(), Words.size(disk.storedBytes()), standsOn(disk)));
    }
    lines.add(
        "  base disks: "
            + (view.baseBytes() == 0
                ? "nothing has to come"
                : Words.size(view.baseBytes()) + " come first"));
    if (view.mode() == MigrationMode.LIVE) {
      lines.add("  memory: up to " + Words.size(view.memoryBytes()) + " move; the guest runs on");
    } else if (view.stops()) {
      lines.add("  the guest is shut down, and started again there");
    }
    return lines;
  }

  private static String standsOn(MigrationView.Disk disk) {
    if (disk.base().isEmpty()) {
      return "it stands on no base disk";
    }
    return disk.parentPath()
        .map(path -> "its base disk is there already, " + path)
        .orElse("its base disk comes into the host's cache");
  }
}
