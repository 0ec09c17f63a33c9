package dev.ratoon.app;

import dev.ratoon.agent.Agent;
import dev.ratoon.agent.host.DiskFolders;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code agent disk-folder add|remove|list}: where disks of VMs may lie on this host. */
final class DiskFolderCommands {
  private DiskFolderCommands() {}

  static Branch branch(Session session, DataFolder folder) {
    return Branch.group(
        "disk-folder",
        Group::new,
        Branch.command("add", () -> new Add(session, folder)),
        Branch.command("remove", () -> new Remove(session, folder)),
        Branch.command("list", () -> new Show(session, folder)));
  }

  private static DiskFolders folders(DataFolder folder) {
    if (!Files.isDirectory(Agent.folder(folder.home()))) {
      throw Problem.of(ErrorCode.WRONG_STATE, "finding the agent of this host")
          .detail("There is none in " + folder.home() + ".")
          .next("Start it first: ratoon up, or ratoon agent up")
          .asException();
    }
    return new DiskFolders(folder.home());
  }

  @Command(
      name = "disk-folder",
      synopsisSubcommandLabel = "COMMAND",
      description = {
        "Where disks of VMs may lie on this host, beside the folder of all VMs. 'ratoon vm move-disk",
        "VM --path FOLDER' moves them there."
      })
  private static final class Group {}

  @Command(
      name = "add",
      description = {
        "Let disks of VMs lie in a folder.",
        "It gets a marker, so that it is not taken for itself while its file system is not mounted.",
        "QEMU's user has to be able to pass through it."
      })
  static final class Add implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Parameters(paramLabel = "FOLDER", description = "By its absolute, real path.")
    Path place = Path.of("");

    Add(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      folders(folder).add(place);
      session.output().say("Disks of VMs may lie in " + place + ".");
      return ExitCode.OK;
    }
  }

  @Command(name = "remove", description = "Let no more disks of VMs lie in a folder; none may.")
  static final class Remove implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    @Parameters(paramLabel = "FOLDER", description = "By its absolute, real path.")
    Path place = Path.of("");

    Remove(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      folders(folder).remove(place);
      session.output().say("No more disks of VMs lie in " + place + ".");
      return ExitCode.OK;
    }
  }

  @Command(name = "list", description = "Show where disks of VMs may lie.")
  static final class Show implements Callable<Integer> {
    private final Session session;
    private final DataFolder folder;

    Show(Session session, DataFolder folder) {
      this.session = session;
      this.folder = folder;
    }

    @Override
    public Integer call() {
      DiskFolders folders = folders(folder);
      List<Path> usable = folders.usable();
      session.output().say(folder.home().resolve("vms") + " (that of all VMs)");
      folders
          .named()
          .forEach(place ->
              session.output().say(place + (usable.contains(place) ? "" : " (not mounted)")));
      return ExitCode.OK;
    }
  }
}
