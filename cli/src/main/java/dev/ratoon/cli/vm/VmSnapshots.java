package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.api.RevertRequest;
import dev.ratoon.protocol.api.SnapshotRequest;
import dev.ratoon.protocol.api.SnapshotView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm snapshot create|list|revert|delete}. */
@Command(
    name = "snapshot",
    synopsisSubcommandLabel = "COMMAND",
    description = "Remember states of a VM's disks, and go back to them.")
final class VmSnapshots {
  private VmSnapshots() {}

  static Branch branch(Session session) {
    return Branch.group(
        "snapshot",
        VmSnapshots::new,
        Branch.command("create", () -> new Create(session)),
        Branch.command("list", () -> new ListThem(session)),
        Branch.command("revert", () -> new Revert(session)),
        Branch.command("delete", () -> new Delete(session)));
  }

  private static Table<SnapshotView> table(Session session) {
    return Table.<SnapshotView>named(s -> s.name().text())
        .text("SNAPSHOT", s -> s.name().text())
        .text("STATE", s -> s.quiesced() ? "at rest" : "as after a power loss")
        .text(
            "DISKS",
            s ->
                s.bases().stream()
                    .map(base -> base.map(DiskId::shortForm).orElse("-"))
                    .collect(Collectors.joining(" ")))
        .number("AGE", s -> Words.age(session.since(s.at())));
  }

  @Command(
      name = "create",
      description = {
        "Remember the state of all disks of a VM, while it runs or not: what a power loss would leave",
        "of them at that moment. Memory is not part of it."
      })
  private static final class Create implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "VM", description = "The VM's name or id.")
    String vm = "";

    @Parameters(index = "1", paramLabel = "NAME", description = "The snapshot's name.")
    String name = "";

    @Option(
        names = "--quiesce",
        description = "Ask the guest's agent to bring its file systems to rest for that moment.")
    boolean quiesce;

    @Mixin WaitOption wait = new WaitOption();

    Create(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      SnapshotRequest request = new SnapshotRequest(new EntityName(name), quiesce);
      return wait.finish(
          session,
          List.of(session.client().call(LayerEndpoints.VM_SNAPSHOT, Params.of("vm", vm), request)));
    }
  }

  @Command(name = "list", description = "List the snapshots of a VM, the oldest first.")
  private static final class ListThem implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", description = "The VM's name or id.")
    String vm = "";

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      session
          .output()
          .list(
              session.client().list(LayerEndpoints.VM_SNAPSHOTS, Params.of("vm", vm)),
              table(session),
              "No snapshots. Make one with: ratoon vm snapshot create " + vm + " NAME");
      return 0;
    }
  }

  @Command(
      name = "revert",
      description = {
        "Let all disks of a VM be what they were. What was written since is gone; to keep it, make",
        "another snapshot first."
      })
  private static final class Revert implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "VM", description = "The VM's name or id.")
    String vm = "";

    @Parameters(index = "1", paramLabel = "NAME", description = "The snapshot's name.")
    String name = "";

    @Option(names = "--stop", description = "Switch the VM off first if it runs.")
    boolean stop;

    @Mixin WaitOption wait = new WaitOption();

    Revert(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Params params = Params.of("vm", vm).with("snapshot", name);
      return wait.finish(
          session,
          List.of(
              session.client().call(LayerEndpoints.VM_REVERT, params, new RevertRequest(stop))));
    }
  }

  @Command(
      name = "delete",
      description = "Forget a state. Its base disks stay in the caches: others may stand on them.")
  private static final class Delete implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "VM", description = "The VM's name or id.")
    String vm = "";

    @Parameters(index = "1", paramLabel = "NAME", description = "The snapshot's name.")
    String name = "";

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      SnapshotView gone =
          session
              .client()
              .call(LayerEndpoints.VM_SNAPSHOT_DELETE, Params.of("vm", vm).with("snapshot", name));
      session
          .output()
          .one(gone, () -> new Details(gone.name().text()).line("deleted", gone.name()));
      return 0;
    }
  }
}
