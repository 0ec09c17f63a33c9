package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.storage.Formats;
import dev.ratoon.disk.DiskFormat;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "convert",
    description = {
      "Copy a disk into a new file of another format or layout.",
      "The copy has no parent: it holds all that the chain does. Zeros take no room."
    },
    footer = {
      "",
      "DST appears when it is complete, and never in place of another file.",
      "",
      "Examples:",
      "  ratoon disk convert server.vhdx server.qcow2 --verify",
      "  ratoon disk convert web.qcow2 web.raw",
      "  ratoon disk convert big.raw small.qcow2 --compress"
    })
final class DiskConvert implements Callable<Integer> {
  private final Session session;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "raw, qcow2, vhd or vhdx (what DST's name ends with).")
  @Nullable String format;

  @Mixin Copying copying = new Copying();

  DiskConvert(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    DiskFormat wanted = Formats.ofNew(copying.target, format);
    copying.run(session, _ -> wanted);
    return ExitCode.OK;
  }
}
