package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.export.VmExport;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.PlacedView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm ...}; list and show are here, the others each in a file. */
@Command(
    name = "vm",
    synopsisSubcommandLabel = "COMMAND",
    description = "Deploy VMs and look after them.")
public final class VmCommands {
  private VmCommands() {}

  public static Branch branch(Session session) {
    return Branch.group(
        "vm",
        VmCommands::new,
        Branch.command("deploy", () -> new VmDeploy(session)),
        Branch.command("list", () -> new ListThem(session)),
        Branch.command("show", () -> new Show(session)),
        Branch.command("start", () -> new VmPower.Start(session)),
        Branch.command("stop", () -> new VmPower.Stop(session)),
        Branch.command("migrate", () -> new VmMigrate(session)),
        Branch.command("delete", () -> new VmPower.Delete(session)),
        Branch.command("undelete", () -> new VmPower.Undelete(session)),
        Branch.command("purge", () -> new VmPurge(session)),
        Branch.command("clone", () -> new VmClone(session)),
        VmSnapshots.branch(session),
        Branch.command("flatten", () -> new VmLayers.Flatten(session)),
        Branch.command("rebase", () -> new VmLayers.Rebase(session)),
        Branch.command("move-disk", () -> new VmMoveDisk(session)),
        Branch.command("adopt", () -> new VmAdopt(session)),
        Branch.command("export", () -> new VmExport(session)),
        Branch.command("console", () -> new VmConsole(session)),
        Branch.command("ssh", () -> new VmSsh(session)));
  }

  static Table<VmView> table(Session session) {
    return Table.<VmView>named(v -> v.name().text())
        .text("NAME", v -> v.name().text())
        .text("STATE", v -> Words.of(v.state()))
        .text("HOST", v -> Words.orDash(v.host()))
        .number("CPUS", v -> String.valueOf(v.cpus()))
        .number("MEMORY", v -> Words.size(v.memoryBytes()))
        .number("DISKS", v -> Words.size(v.disks().stream().mapToLong(DiskView::sizeBytes).sum()))
        .number("STORED", v -> Words.size(stored(v)))
        .text("ADDRESS", v -> Words.orDash(address(v)))
        .number("AGE", v -> Words.age(session.since(v.createdAt())));
  }

  /** What a deploy is proud of. */
  static Table<VmView> deployed() {
    return Table.<VmView>named(v -> v.name().text())
        .text("NAME", v -> v.name().text())
        .text("STATE", v -> Words.of(v.state()))
        .text("HOST", v -> Words.orDash(v.host()))
        .number("STARTED IN", v -> Words.millis(v.startMillis()))
        .number("STORED", v -> Words.size(stored(v)))
        .number("COPIED", v -> Words.size(copied(v)))
        .text("ADDRESS", v -> Words.orDash(address(v)));
  }

  static long stored(VmView vm) {
    return vm.disks().stream().mapToLong(DiskView::storedBytes).sum();
  }

  static long copied(VmView vm) {
    return vm.disks().stream().mapToLong(DiskView::copiedBytes).sum();
  }

  /** Where its SSH answers: a guest behind user-mode networking only through its host's port. */
  static Optional<String> address(VmView vm) {
    return vm.sshPort().isPresent() ? vm.sshPort().map(port -> "127.0.0.1:" + port) : vm.address();
  }

  static Details details(Session session, VmView vm) {
    Details details =
        new Details(vm.name().text())
            .line("vm", vm.name())
            .line("id", vm.id())
            .line("state", Words.of(vm.state()))
            .line("wanted", vm.wanted())
            .line("problem", vm.problem().map(problem -> problem.oneLine()))
            .line("next", vm.problem().map(problem -> problem.next()).filter(n -> !n.isEmpty()))
            .line("host", vm.host())
            .line("cpus", vm.cpus())
            .line("memory", Words.size(vm.memoryBytes()))
            .line("firmware", Words.of(vm.firmware()))
            .line("restart", Words.of(vm.restart()))
            .line("restarts", vm.restarts())
            .line("ssh", address(vm))
            .lines(
                "network",
                vm.networks().stream().map(n -> n.network().show() + "  " + n.mac()).toList());
    for (DiskView disk : vm.disks()) {
      disk(details, disk);
    }
    return details
        .line("created", vm.createdAt() + ", " + Words.age(session.since(vm.createdAt())) + " ago")
        .line("started in", vm.startMillis().map(m -> Words.millis(Optional.of(m))))
        .line("userland after", vm.userlandMillis().map(m -> Words.millis(Optional.of(m))))
        .line("trashed until", vm.trashedUntil())
        .line("group", vm.group())
        .lines("placed", vm.placed().map(VmCommands::placed).orElse(List.of()));
  }

  /** Why its host was chosen, and how it was then. */
  private static List<String> placed(PlacedView placed) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s  %s expected, %s to move"
            .formatted(
                Words.stars(placed.stars()),
                Words.took(Duration.ofMillis(Math.round(placed.seconds() * 1000))),
                Words.size(placed.bytesToMove())));
    lines.addAll(placed.reasons());
    return lines;
  }

  private static void disk(Details details, DiskView disk) {
    details.line(
        "disk",
        disk.image().map(image -> image + ", ").orElse("")
            + Words.size(disk.sizeBytes())
            + ", "
            + Words.size(disk.storedBytes())
            + " stored, "
            + Words.size(disk.copiedBytes())
            + " copied");
    disk.path().ifPresent(path -> details.line("", path));
    disk.basePath().ifPresent(path -> details.line("", "on " + path));
    disk.suspicion().ifPresent(why -> details.line("", "suspect: " + why));
  }

  @Command(name = "list", description = "List VMs.")
  private static final class ListThem implements Callable<Integer> {
    private final Session session;

    @Option(names = "--trashed", description = "Those in the trash instead.")
    boolean trashed;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Params params = trashed ? Params.of("trashed", true) : Params.NONE;
      session
          .output()
          .list(
              session.client().list(VmEndpoints.VM_LIST, params),
              table(session),
              trashed
                  ? "The trash is empty."
                  : "No VMs yet. Deploy one with: ratoon vm deploy NAME --image IMAGE");
      return 0;
    }
  }

  @Command(name = "show", description = "Show one VM in full.")
  private static final class Show implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", description = "The VM's name or id.")
    String name = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      VmView vm = session.client().call(VmEndpoints.VM_SHOW, Params.of("vm", name));
      session.output().one(vm, () -> details(session, vm));
      return 0;
    }
  }
}
