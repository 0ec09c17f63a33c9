package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code base}, {@code host} and {@code settings}. */
public final class FleetCommands {
  private FleetCommands() {}

  public static List<Branch> branches(Session session) {
    return List.of(
        Branch.group(
            "base",
            Base::new,
            Branch.command("list", () -> new BaseCommands.ListThem(session)),
            Branch.command("tree", () -> new BaseCommands.Tree(session))),
        Branch.group(
            "host",
            Host::new,
            Branch.command("list", () -> new HostCommands.ListThem(session)),
            Branch.command("show", () -> new HostCommands.Show(session)),
            Branch.command("token", () -> new HostChanges.Token(session)),
            Branch.command("set", () -> new HostChanges.Change(session)),
            Branch.command("maintenance", () -> new HostChanges.Maintenance(session)),
            Branch.command("remove", () -> new HostChanges.Remove(session)),
            Branch.command("adopt", () -> new HostAdoption.Adopt(session)),
            Branch.command("adopted", () -> new HostAdoption.Adopted(session)),
            Branch.command("unadopt", () -> new HostAdoption.Unadopt(session))),
        Branch.group(
            "settings",
            Setting::new,
            Branch.command("show", () -> new SettingsCommands.Show(session)),
            Branch.command("set", () -> new SettingsCommands.Change(session))));
  }

  @Command(
      name = "base",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at base disks, and at what stands on them.")
  private static final class Base {}

  @Command(
      name = "host",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at the hosts that run VMs, let others join, and remove them.")
  private static final class Host {}

  @Command(
      name = "settings",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at and change what holds for the whole fleet.")
  private static final class Setting {}
}
