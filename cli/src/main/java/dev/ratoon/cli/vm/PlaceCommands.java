package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code place} and {@code placement}. */
public final class PlaceCommands {
  private PlaceCommands() {}

  public static List<Branch> branches(Session session) {
    return List.of(
        Branch.command("place", () -> new Place(session)),
        Branch.group(
            "placement",
            Settings::new,
            Branch.command("show", () -> new PlacementRules.Show(session)),
            Branch.command("set", () -> new PlacementRules.Change(session))));
  }

  @Command(
      name = "placement",
      synopsisSubcommandLabel = "COMMAND",
      description = "Look at and change how hosts are chosen for VMs.")
  private static final class Settings {}
}
