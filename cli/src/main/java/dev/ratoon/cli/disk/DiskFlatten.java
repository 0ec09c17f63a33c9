package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.storage.Formats;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "flatten",
    description = {
      "Merge a disk with its parents into a new file.",
      "It has the format of the old one, and needs no parent."
    },
    footer = {
      "",
      "A vmdk becomes a qcow2. DST appears when it is complete, and never in place of",
      "another file.",
      "",
      "Example:",
      "  ratoon disk flatten web.qcow2 web-alone.qcow2"
    })
final class DiskFlatten implements Callable<Integer> {
  private final Session session;

  @Mixin Copying copying = new Copying();

  DiskFlatten(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    copying.run(session, this::kept);
    return ExitCode.OK;
  }

  private DiskFormat kept(DiskFormat source) {
    DiskFormat format =
        switch (source) {
          case RAW, QCOW2, VHD, VHDX -> source;
          case VMDK -> DiskFormat.QCOW2;
        };
    checkEnding(format);
    return format;
  }

  /** A file that is not what its name says would be misread one day. */
  private void checkEnding(DiskFormat format) {
    Optional<DiskFormat> named = Formats.byEnding(copying.target);
    if (named.isPresent() && named.get() != format) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "flattening into '" + copying.target + "'")
          .detail("It would be a " + format.word() + " file, and its name says otherwise.")
          .next(
              "Choose another name, or change the format, too: ratoon disk convert '"
                  + copying.source
                  + "' '"
                  + copying.target
                  + "'")
          .asException();
    }
  }
}
