package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.agent.ScrubRules;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.Upkeep;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code settings show|set}. */
final class SettingsCommands {
  private static final String OFF = "off";

  private SettingsCommands() {}

  private static Details details(Settings settings) {
    return new Details("settings")
        .line("differencing", settings.differencing() ? "on" : "off")
        .line("trash-hours", settings.trashHours())
        .line("memory-ratio", settings.memoryRatio())
        .line("scrub-days", days(settings.scrubRules()))
        .line("scrub-rate", Words.size(settings.scrubRules().bytesPerSecond()) + " a second")
        .line("give-limit", HostDetails.limit(settings.limits().giveBytesPerSecond()))
        .line("take-limit", HostDetails.limit(settings.limits().takeBytesPerSecond()))
        .line("library-limit", HostDetails.limit(settings.limits().libraryBytesPerSecond()))
        .line(
            "library-uploads",
            settings.limits().libraryUploads() == 0
                ? "no limit"
                : settings.limits().libraryUploads() + " at once")
        .line("clean-every", every(settings.upkeepOrDefault()))
        .line(
            "low-space",
            settings.upkeepOrDefault().lowSpacePercent() == 0
                ? OFF
                : settings.upkeepOrDefault().lowSpacePercent() + " %");
  }

  private static String every(Upkeep upkeep) {
    return upkeep.cleanEveryHours() == 0 ? OFF : upkeep.cleanEveryHours() + " hours";
  }

  private static String days(ScrubRules rules) {
    return rules.days() == 0 ? OFF : String.valueOf(rules.days());
  }

  @Command(name = "show", description = "Show the settings.")
  static final class Show implements Callable<Integer> {
    private final Session session;

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Settings settings = session.client().call(Endpoints.SETTINGS_SHOW, Params.NONE);
      session.output().one(settings, () -> details(settings));
      return 0;
    }
  }

  @Command(
      name = "set",
      description = {
        "Change settings:",
        "  differencing=on|off   whether disks are children of their base unless told otherwise",
        "  trash-hours=N         how long the disks of deleted VMs are kept",
        "  memory-ratio=R        how much memory VMs may be promised for each byte of a host",
        "  scrub-days=N|off      hosts read a base again that was not verified for N days",
        "  scrub-rate=SIZE       how much of it they read a second at most",
        "  give-limit=SIZE       most bytes a second that a host gives to others; 0: no limit",
        "  take-limit=SIZE       most bytes a second that a host takes from others",
        "  library-limit=SIZE    most bytes a second that the library gives",
        "  library-uploads=N     to how many hosts the library gives at once; others wait",
        "  clean-every=N|off     how often caches are cleaned by their policies, in hours",
        "  low-space=N|off       a host with less than N percent of its disk free says so"
      },
      footer = {"", "Example:", "  ratoon settings set trash-hours=24 memory-ratio=1.5"})
  static final class Change implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "KEY=VALUE", arity = "1..*", description = "What to set.")
    List<String> changes = List.of();

    Change(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Settings settings = session.client().call(Endpoints.SETTINGS_SHOW, Params.NONE);
      for (String change : changes) {
        Upkeep upkeep = settings.upkeepOrDefault();
        Settings next = changed(settings, change);
        settings = next.upkeep().isPresent() ? next : next.with(upkeep);
      }
      Settings now = session.client().call(Endpoints.SETTINGS_CHANGE, Params.NONE, settings);
      session.output().one(now, () -> details(now));
      return 0;
    }

    static Settings changed(Settings old, String change) {
      int equals = change.indexOf('=');
      String key = equals < 0 ? change : change.substring(0, equals);
      String value = equals < 0 ? "" : change.substring(equals + 1);
      try {
        return switch (key) {
          case "differencing" ->
              new Settings(
                  Words.onOff(key, value),
                  old.trashHours(),
                  old.memoryRatio(),
                  old.scrub(),
                  old.transfers(),
                  old.placement());
          case "trash-hours" ->
              new Settings(
                  old.differencing(),
                  Integer.parseInt(value),
                  old.memoryRatio(),
                  old.scrub(),
                  old.transfers(),
                  old.placement());
          case "memory-ratio" ->
              new Settings(
                  old.differencing(),
                  old.trashHours(),
                  Double.parseDouble(value),
                  old.scrub(),
                  old.transfers(),
                  old.placement());
          case "scrub-days", "scrub-rate" ->
              new Settings(
                  old.differencing(),
                  old.trashHours(),
                  old.memoryRatio(),
                  Optional.of(scrubbed(old.scrubRules(), key, value)),
                  old.transfers(),
                  old.placement());
          case "give-limit", "take-limit", "library-limit", "library-uploads" ->
              new Settings(
                  old.differencing(),
                  old.trashHours(),
                  old.memoryRatio(),
                  old.scrub(),
                  Optional.of(limited(old.limits(), key, value)),
                  old.placement());
          case "clean-every", "low-space" -> old.with(keptUp(old.upkeepOrDefault(), key, value));
          default ->
              throw Problem.of(ErrorCode.INVALID_VALUE, "reading the setting '" + change + "'")
                  .next(
                      "Settings are differencing, trash-hours, memory-ratio, scrub-days, scrub-rate,"
                          + " give-limit, take-limit, library-limit, library-uploads, clean-every and"
                          + " low-space, as KEY=VALUE.")
                  .asException();
        };
      } catch (NumberFormatException notNumber) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading the setting '" + change + "'")
            .next("Its value is a number.")
            .asException(notNumber);
      }
    }

    private static Upkeep keptUp(Upkeep old, String key, String value) {
      int number = value.equals(OFF) ? 0 : Integer.parseInt(value);
      return key.equals("clean-every")
          ? new Upkeep(number, old.lowSpacePercent())
          : new Upkeep(old.cleanEveryHours(), number);
    }

    private static ScrubRules scrubbed(ScrubRules old, String key, String value) {
      return key.equals("scrub-rate")
          ? new ScrubRules(old.days(), ByteSize.parse(value))
          : new ScrubRules(value.equals(OFF) ? 0 : Integer.parseInt(value), old.bytesPerSecond());
    }

    private static TransferLimits limited(TransferLimits old, String key, String value) {
      boolean uploads = key.equals("library-uploads");
      long rate = uploads ? 0 : ByteSize.parse(value);
      return new TransferLimits(
          key.equals("give-limit") ? rate : old.giveBytesPerSecond(),
          key.equals("take-limit") ? rate : old.takeBytesPerSecond(),
          key.equals("library-limit") ? rate : old.libraryBytesPerSecond(),
          uploads ? Integer.parseInt(value) : old.libraryUploads());
    }
  }
}
