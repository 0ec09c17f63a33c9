package dev.ratoon.app.quickstart;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.LocalServer;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
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
      "The data folder goes too if quickstart made it and nothing of anybody else is in it; with",
      "--all, other VMs and images go with it. Packages that were installed stay, and are named."
    })
public final class Uninstall implements Callable<Integer> {
  private final Session session;
  private final DataFolder folder;

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  boolean yes;

  @Option(names = "--all", description = "Also the VMs and images that quickstart did not make.")
  boolean all;

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
    LocalServer.up(session, folder, Optional.empty());
    LocalServer.checkItIsOurs(session, folder);
    Holdings holdings = Holdings.of(session.client());
    List<String> foreign = holdings.foreign(made);
    boolean whole = made.holds(folder) && (all || foreign.isEmpty());
    if (whole) {
      refuseFor(holdings.doubts());
    }
    List<VmView> vms =
        holdings.vms().stream().filter(vm -> all || made.vms().contains(vm.id())).toList();
    List<ImageRef> images =
        holdings.images().stream()
            .map(ImageView::image)
            .filter(image -> all || made.images().contains(image))
            .toList();
    sayPlan(vms, images, whole, foreign);
    if (!whole) {
      sayWhatStays(made, foreign);
    }
    if (!yes && !session.confirm("uninstalling", "Remove all this for good?")) {
      say("Nothing was removed.");
      return ExitCode.FAILED;
    }
    int code = delete(vms);
    if (code != ExitCode.OK) {
      return code;
    }
    if (whole) {
      code = removeHome(made);
    } else {
      images.forEach(this::deleteImage);
      FolderRemoval.remove(folder.quickstart());
      if (made.holds(folder)) {
        made.write(folder); // for a later run, when nothing else keeps the folder
      }
    }
    if (code == ExitCode.OK) {
      say("Removed.");
      made.changes().stream()
          .filter(change -> !(whole && change.contains(folder.home().toString())))
          .forEach(change -> say("Left as it is on this machine: " + change));
    }
    return code;
  }

  private void sayPlan(
      List<VmView> vms, List<ImageRef> images, boolean whole, List<String> foreign) {
    say("This removes:");
    vms.forEach(vm -> say("  - the VM " + vm.name() + " with its disks"));
    images.forEach(image -> say("  - the image " + image));
    if (whole) {
      foreign.stream()
          .filter(one -> one.endsWith("in the trash"))
          .forEach(one -> say("  - " + one));
      say("  - everything in " + folder.home() + ", after ending Ratoon");
    } else {
      say("  - " + folder.quickstart());
    }
  }

  private void sayWhatStays(Made made, List<String> foreign) {
    if (!made.holds(folder)) {
      say("The data folder " + folder.home() + " stays: it was there before quickstart.");
      return;
    }
    say("The data folder " + folder.home() + " stays, since quickstart did not make:");
    foreign.forEach(one -> say("  - " + one));
    say("To remove all of it: ratoon uninstall --all");
  }

  private int delete(List<VmView> vms) {
    List<OperationView> begun =
        vms.stream()
            .map(vm -> session.client().call(VmEndpoints.VM_DELETE, Params.of("vm", vm.id())))
            .toList();
    return Waiting.report(session, Waiting.until(session, begun));
  }

  /** Looks again first: what was not there when the user was asked must not go, nor what runs. */
  private int removeHome(Made made) {
    Holdings left = Holdings.of(session.client());
    List<String> reasons = new ArrayList<>(left.doubts());
    reasons.addAll(left.alive());
    if (!all) {
      reasons.addAll(left.foreign(made));
    }
    refuseFor(reasons);
    int code = LocalServer.down(session, folder, true, 0);
    if (code == ExitCode.OK) {
      FolderRemoval.remove(folder.home());
    }
    return code;
  }

  private void refuseFor(List<String> reasons) {
    if (!reasons.isEmpty()) {
      throw Problem.of(ErrorCode.IN_USE, "removing " + folder.home())
          .detail("A VM may still use it: " + String.join("; ", reasons) + ".")
          .next("See 'ratoon host list' and 'ratoon vm list', put that right, and try again.")
          .asException();
    }
  }

  /** VMs in the trash may still keep it. */
  private void deleteImage(ImageRef image) {
    try {
      session.client().call(ImageEndpoints.IMAGE_DELETE, Params.of("image", image));
    } catch (RatoonException refused) {
      say("The image stays for now: " + refused.problem().oneLine());
    }
  }

  private void say(String sentence) {
    session.output().say(sentence);
  }
}
