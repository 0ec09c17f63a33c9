package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import picocli.CommandLine.Command;

/** {@code disk info|id|map|check|verify|compare|create|child|convert|flatten|...}. */
@Command(
    name = "disk",
    synopsisSubcommandLabel = "COMMAND",
    description = "Look at, make and change virtual disks on this machine; needs no server.")
public final class DiskCommands {
  private DiskCommands() {}

  public static Branch branch(Session session) {
    return Branch.group(
        "disk",
        DiskCommands::new,
        Branch.command("info", () -> new DiskInfo(session)),
        Branch.command("id", () -> new DiskIdentity(session)),
        Branch.command("map", () -> new DiskMap(session)),
        Branch.command("check", () -> new DiskCheck(session)),
        Branch.command("verify", () -> new DiskVerify(session)),
        Branch.command("compare", () -> new DiskCompare(session)),
        Branch.command("create", () -> new DiskCreate(session)),
        Branch.command("child", () -> new DiskChild(session)),
        Branch.command("convert", () -> new DiskConvert(session)),
        Branch.command("flatten", () -> new DiskFlatten(session)),
        Branch.command("rebase", () -> new DiskRebase(session)),
        Branch.command("manifest", () -> new DiskManifest(session)),
        Branch.command("diff", () -> new DiskDiff(session)));
  }
}
