package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code base}, {@code cache}, {@code host} and {@code settings}. */
public final class FleetCommands {
  private FleetCommands() {}

  public static List<Branch> branches(Session session) {
    return List.of(
        Branch.group(
            "base",
            Base::new,
            Branch.command("list", () -> new BaseCommands.ListThem(session)),
            Branch.command("tree", () -> new BaseCommands.Tree(session)),
            Branch.command("precache", () -> new BasePrecache(session)),
            Branch.command("verify", () -> new BaseVerify.Verify(session)),
            Branch.command("scrub", () -> new BaseVerify.Scrub(session))),
        Branch.group(
            "cache",
            SharedCache::new,
            Branch.command("list", () -> new CacheCommands.ListThem(session)),
            Branch.command("show", () -> new CacheCommands.Show(session)),
            Branch.command("add-share", () -> new CacheChanges.Add(session)),
            Branch.command("remove-share", () -> new CacheChanges.Remove(session)),
            Branch.command("fill", () -> new CacheChanges.Fill(session)),
            Branch.group(
                "policy",
                Policy::new,
                Branch.command("set", () -> new CachePolicies.Change(session)),
                Branch.command("show", () -> new CachePolicies.Show(session)),
                Branch.command("clear", () -> new CachePolicies.Clear(session))),
            Branch.command("plan", () -> new CacheCleaning.Plan(session)),
            Branch.command("clean", () -> new CacheCleaning.Clean(session))),
        Branch.group(
            "trash",
            Trash::new,
            Branch.command("list", () -> new TrashCommands.ListThem(session)),
            Branch.command("empty", () -> new TrashCommands.Empty(session))),
        Branch.group(
            "host",
            Host::new,
            Branch.command("list", () -> new HostCommands.ListThem(session)),
            Branch.command("show", () -> new HostCommands.Show(session)),
            Branch.command("token", () -> new HostChanges.Token(session)),
            Branch.command("set", () -> new HostChanges.Change(session)),
            Branch.command("maintenance", () -> new HostChanges.Maintenance(session)),
            Branch.command("drain", () -> new HostDrain(session)),
            Branch.command("remove", () -> new HostChanges.Remove(session)),
            Branch.command("follow", () -> new HostChanges.Follow(session)),
            Branch.command("adopt", () -> new HostAdoption.Adopt(session)),
            Branch.command("adopted", () -> new HostAdoption.Adopted(session)),
            Branch.command("unadopt", () -> new HostAdoption.Unadopt(session))),
        Branch.group(
            "quota",
            TenantQuotas::new,
            Branch.command("show", () -> new QuotaCommands.Show(session)),
            Branch.command("set", () -> new QuotaCommands.Change(session))),
        Branch.group(
            "settings",
            Setting::new,
            Branch.command("show", () -> new SettingsCommands.Show(session)),
            Branch.command("set", () -> new SettingsCommands.Change(session))));
  }

  @Command(
      name = "base",
      synopsisSubcommandLabel = "COMMAND",
      description =
          "Look at base disks and what stands on them, bring them to hosts, and verify them.")
  private static final class Base {}

  @Command(
      name = "cache",
      synopsisSubcommandLabel = "COMMAND",
      description = "Let hosts share base disks on a file server, and let unused ones go.")
  private static final class SharedCache {}

  @Command(
      name = "policy",
      synopsisSubcommandLabel = "COMMAND",
      description = "Say when unused base disks leave caches; without a policy none does.")
  private static final class Policy {}

  @Command(
      name = "trash",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at deleted VMs, and remove them for good.")
  private static final class Trash {}

  @Command(
      name = "host",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at the hosts that run VMs, let others join, and remove them.")
  private static final class Host {}

  @Command(
      name = "quota",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at and change the most that a tenant may have.")
  private static final class TenantQuotas {}

  @Command(
      name = "settings",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at and change what holds for the whole fleet.")
  private static final class Setting {}
}
