package dev.ratoon.cli.vm;

import dev.ratoon.cli.output.Words;
import dev.ratoon.protocol.api.MoveFileView;
import java.util.ArrayList;
import java.util.List;

/** What moving a VM's own files would do, for people. */
final class MovedFiles {
  private MovedFiles() {}

  static List<String> lines(MoveFileView view) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s would have its own files below %s of %s"
            .formatted(view.vm(), view.folder(), view.host()));
    for (MoveFileView.Disk disk : view.disks()) {
      lines.add("  disk %d: %s".formatted(disk.number(), what(disk)));
    }
    if (view.disks().stream().anyMatch(disk -> disk.copiedBytes() > 0)) {
      lines.add(
          view.running()
              ? "  the guest runs on; it is held for a moment at the end"
              : "  it can be started once they are there");
    }
    return lines;
  }

  private static String what(MoveFileView.Disk disk) {
    return disk.copiedBytes() == 0
        ? "it is there already"
        : disk.from().map(path -> "off " + path + "; ").orElse("")
            + Words.size(disk.copiedBytes())
            + " are copied";
  }
}
