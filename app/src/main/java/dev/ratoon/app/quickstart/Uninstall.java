package dev.ratoon.app.quickstart;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.LocalServer;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "uninstall",
    description = "Remove what quickstart made, and nothing else.",
    footer = {
      "",
      "Where quickstart made the data folder itself, the whole folder goes, with every VM in it;",
      "else the demo VMs and their image. Packages that were installed stay, and are named."
    })
public final class Uninstall implements Callable<Integer> {
  private final Session session;
  private final DataFolder folder;

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  boolean yes;

  public Uninstall(Session session, DataFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  @Override
  public Integer call() {
    Made made = Made.read(folder);
    if (made.nothing()) {
      say("Quickstart made nothing with " + folder.home() + ".");
      return ExitCode.OK;
    }
    boolean whole = made.home().equals(Optional.of(folder.home().toString()));
    LocalServer.up(session, folder, Optional.empty());
    List<VmView> vms =
        session.client().list(Endpoints.VM_LIST, Params.NONE).stream()
            .filter(vm -> whole || made.vms().contains(vm.name().text()))
            .toList();
    sayPlan(made, whole, vms);
    if (!yes && !session.confirm("uninstalling", "Remove all this for good?")) {
      say("Nothing was removed.");
      return ExitCode.FAILED;
    }
    int code = delete(vms);
    if (code != ExitCode.OK) {
      return code;
    }
    if (whole) {
      LocalServer.down(session, folder, true, 0);
      FolderRemoval.remove(folder.home());
    } else {
      made.image().ifPresent(this::deleteImage);
      FolderRemoval.remove(folder.quickstart());
    }
    say("Removed.");
    made.changes().forEach(change -> say("Left as it is on this machine: " + change));
    return ExitCode.OK;
  }

  private void sayPlan(Made made, boolean whole, List<VmView> vms) {
    say("This removes:");
    vms.forEach(vm -> say("  - the VM " + vm.name() + " with its disks"));
    if (whole) {
      say("  - everything in " + folder.home() + ", after stopping Ratoon");
    } else {
      made.image().ifPresent(image -> say("  - the image " + image));
      say("  - " + folder.quickstart());
    }
  }

  private int delete(List<VmView> vms) {
    List<OperationView> begun =
        vms.stream()
            .map(vm -> session.client().call(Endpoints.VM_DELETE, Params.of("vm", vm.id())))
            .toList();
    return Waiting.report(session, Waiting.until(session, begun));
  }

  /** Its VMs may still be in the trash, which keeps the image. */
  private void deleteImage(String image) {
    try {
      session.client().call(Endpoints.IMAGE_DELETE, Params.of("image", image));
    } catch (RatoonException refused) {
      say("The image stays for now: " + refused.problem().oneLine());
    }
  }

  private void say(String sentence) {
    session.output().say(sentence);
  }
}
