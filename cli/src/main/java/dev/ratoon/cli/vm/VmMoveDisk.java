package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Words;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.api.MoveDiskRequest;
import dev.ratoon.protocol.api.MoveDiskView;
import dev.ratoon.protocol.api.MoveFileRequest;
import dev.ratoon.protocol.api.MoveFileView;
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
    name = "move-disk",
    sortOptions = false,
    description = {
      "Move what a VM's disks stand on, or the VM's own files of them, within its host.",
      "",
      "They stand on the same base disks in another cache then, or lie in another folder (--path).",
      "The VM may run. A base disk that is not there yet comes first, verified. Of a VM that is",
      "stopped nothing is copied. What the guest of one that runs has written is copied within the",
      "VM's folder, and the guest is held for a moment at the end. With --path what it has written",
      "is copied to the other folder in either case."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon vm move-disk web --to-cache local --dry-run   # off a share",
      "  ratoon vm move-disk web --to-cache local",
      "  ratoon vm move-disk web --disk 0 --to-cache vm-cache",
      "  ratoon vm move-disk web --parent-path /mnt/vm-cache",
      "  ratoon vm move-disk db --path /srv/fast              # what the VM writes itself"
    })
final class VmMoveDisk implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "VM", description = "The VM's name or id.")
  String vm = "";

  @ArgGroup(multiplicity = "1")
  Where where = new Where();

  @Option(
      names = "--disk",
      paramLabel = "N",
      description =
          "Only this disk, counted from 0. Without it all that stand on base disks; with --path"
              + " all.")
  @Nullable Integer disk;

  @Option(
      names = "--dry-run",
      description = "Show what would come and what would be copied; change nothing.")
  boolean dryRun;

  @Mixin WaitOption wait = new WaitOption();

  VmMoveDisk(Session session) {
    this.session = session;
  }

  static final class Where {
    @Option(
        names = "--to-cache",
        paramLabel = "NAME",
        description = "The share of this name, or 'local': the host's own cache.")
    @Nullable String cache;

    @Option(
        names = "--parent-path",
        paramLabel = "FOLDER",
        description = "The cache of the host with this folder.")
    @Nullable String folder;

    @Option(
        names = "--path",
        paramLabel = "FOLDER",
        description =
            "Not what they stand on, but the VM's own files, below this folder of the host: one"
                + " that 'ratoon agent disk-folder' names there.")
    @Nullable String path;
  }

  @Override
  public Integer call() {
    return where.path == null ? moveParents() : moveFiles(where.path);
  }

  private int moveFiles(String path) {
    MoveFileRequest request = new MoveFileRequest(Optional.ofNullable(disk), path);
    Params params = Params.of("vm", vm);
    if (dryRun) {
      MoveFileView view = session.client().call(LayerEndpoints.VM_MOVE_FILE_PLAN, params, request);
      session.output().text(view, () -> MovedFiles.lines(view));
      return 0;
    }
    return wait.finish(
        session, List.of(session.client().call(LayerEndpoints.VM_MOVE_FILE, params, request)));
  }

  private int moveParents() {
    String cache = where.cache != null ? where.cache : String.valueOf(where.folder);
    MoveDiskRequest request = new MoveDiskRequest(Optional.ofNullable(disk), cache);
    Params params = Params.of("vm", vm);
    if (dryRun) {
      MoveDiskView view = session.client().call(LayerEndpoints.VM_MOVE_DISK_PLAN, params, request);
      session.output().text(view, () -> lines(view));
      return 0;
    }
    return wait.finish(
        session, List.of(session.client().call(LayerEndpoints.VM_MOVE_DISK, params, request)));
  }

  private static List<String> lines(MoveDiskView view) {
    List<String> lines = new ArrayList<>();
    lines.add("%s would stand on %s of %s".formatted(view.vm(), view.folder(), view.host()));
    for (MoveDiskView.Disk moved : view.disks()) {
      boolean stays = moved.to().isPresent() && moved.to().equals(moved.from());
      lines.add("  disk %d: %s".formatted(moved.number(), stays ? "it does already" : what(moved)));
    }
    boolean copies = view.disks().stream().anyMatch(moved -> moved.copiedBytes() > 0);
    if (copies) {
      lines.add("  the guest runs on; it is held for a moment at the end");
    }
    return lines;
  }

  private static String what(MoveDiskView.Disk moved) {
    String base =
        moved.to().isPresent()
            ? "its base disk is there already"
            : Words.size(moved.broughtBytes()) + " of its base disk come first";
    String own =
        moved.copiedBytes() == 0
            ? "nothing of its own is copied"
            : Words.size(moved.copiedBytes()) + " of its own are copied";
    return moved.from().map(path -> "off " + path + "; ").orElse("") + base + "; " + own;
  }
}
