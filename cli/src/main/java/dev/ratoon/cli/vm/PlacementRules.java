package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.PlacementPreset;
import dev.ratoon.model.PlacementWeights;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.PlacementSettings;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code placement show|set}. */
final class PlacementRules {
  private static final String OFF = "off";

  private PlacementRules() {}

  private static void show(Session session, Settings settings) {
    PlacementSettings placement = settings.placementOrDefault();
    session.output().one(placement, () -> details(placement));
  }

  private static Details details(PlacementSettings settings) {
    Details details =
        new Details("placement")
            .line("weights", weights(settings.weightsOrDefault()))
            .line(
                "cpu-ratio",
                settings.cpuRatio() == 0 ? "no limit" : String.valueOf(settings.cpuRatio()))
            .line(
                "rate",
                settings.bytesPerSecond() == 0
                    ? "a gigabit, until it was measured"
                    : Words.size(settings.bytesPerSecond()) + " a second, until it was measured");
    for (PlacementSettings.Cluster cluster : settings.clusters()) {
      List<String> own = new ArrayList<>();
      cluster.weights().ifPresent(weights -> own.add(weights(weights)));
      cluster.cpuLevel().ifPresent(level -> own.add("cpu-level=" + level));
      cluster.machine().ifPresent(version -> own.add("machine=" + version));
      details.line("cluster " + cluster.name(), String.join(", ", own));
    }
    return details;
  }

  private static String weights(PlacementWeights w) {
    String preset =
        Arrays.stream(PlacementPreset.values())
            .filter(known -> known.weights().equals(w))
            .findFirst()
            .map(known -> Words.of(known) + ": ")
            .orElse("");
    return preset
        + "seconds=%s memory=%s cpus=%s disk=%s spread=%s"
            .formatted(
                number(w.seconds()),
                number(w.memory()),
                number(w.cpus()),
                number(w.disk()),
                number(w.spread()));
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.valueOf(value);
  }

  @Command(name = "show", description = "Show how hosts are chosen.")
  static final class Show implements Callable<Integer> {
    private final Session session;

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      show(session, session.client().call(Endpoints.SETTINGS_SHOW, Params.NONE));
      return 0;
    }
  }

  @Command(
      name = "set",
      description = {
        "Change how hosts are chosen:",
        "  preset=NAME      balance (this unless told), pack or fastest-start",
        "  seconds=W        weight of each second until a VM runs",
        "  memory=W         weight of a host whose memory is promised away, in seconds; a part",
        "                   of it in proportion; below 0 it speaks for a host",
        "  cpus=W disk=W    the same for processors and disk",
        "  spread=W         weight of each VM that a host has already",
        "  cpu-ratio=R|off  how many processors VMs may be promised for each of a host",
        "  rate=SIZE|off    what a host is taken to fetch a second before it was measured",
        "  cpu-level=N|off  of a cluster: the level that its hosts' processors have at least, and",
        "                   that guests see: so they can move within it while they run",
        "  machine=V|off    of a cluster: the version of QEMU's machine that guests get, 7.2 say"
      },
      footer = {
        "",
        "Examples:",
        "  ratoon placement set preset=pack",
        "  ratoon placement set --cluster west preset=fastest-start cpu-level=3",
        "  ratoon placement set --cluster west machine=7.2",
        "  ratoon placement set --cluster west preset=off"
      })
  static final class Change implements Callable<Integer> {
    private final Session session;

    @Option(
        names = "--cluster",
        paramLabel = "NAME",
        description = "For this cluster in place of the whole fleet.")
    @Nullable String cluster;

    @Parameters(paramLabel = "KEY=VALUE", arity = "1..*", description = "What to set.")
    List<String> changes = List.of();

    Change(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Settings settings = session.client().call(Endpoints.SETTINGS_SHOW, Params.NONE);
      PlacementSettings placement = settings.placementOrDefault();
      for (String change : changes) {
        placement = changed(placement, Optional.ofNullable(cluster).map(EntityName::new), change);
      }
      Settings wanted =
          new Settings(
              settings.differencing(),
              settings.trashHours(),
              settings.memoryRatio(),
              settings.scrub(),
              settings.transfers(),
              Optional.of(placement));
      show(session, session.client().call(Endpoints.SETTINGS_CHANGE, Params.NONE, wanted));
      return 0;
    }
  }

  static PlacementSettings changed(
      PlacementSettings old, Optional<EntityName> cluster, String change) {
    int equals = change.indexOf('=');
    String key = equals < 0 ? change : change.substring(0, equals);
    String value = equals < 0 ? "" : change.substring(equals + 1);
    try {
      return cluster
          .map(name -> inCluster(old, name, key, value))
          .orElseGet(() -> inFleet(old, key, value));
    } catch (NumberFormatException notNumber) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the setting '" + change + "'")
          .next("Its value is a number.")
          .asException(notNumber);
    }
  }

  private static PlacementSettings inFleet(PlacementSettings old, String key, String value) {
    return switch (key) {
      case "cpu-ratio" ->
          new PlacementSettings(
              old.weights(),
              old.clusters(),
              value.equals(OFF) ? 0 : Double.parseDouble(value),
              old.bytesPerSecond());
      case "rate" ->
          new PlacementSettings(
              old.weights(),
              old.clusters(),
              old.cpuRatio(),
              value.equals(OFF) ? 0 : ByteSize.parse(value));
      default ->
          new PlacementSettings(
              weighed(old.weightsOrDefault(), key, value),
              old.clusters(),
              old.cpuRatio(),
              old.bytesPerSecond());
    };
  }

  private static PlacementSettings inCluster(
      PlacementSettings old, EntityName name, String key, String value) {
    PlacementSettings.Cluster before =
        old.clusters().stream()
            .filter(cluster -> cluster.name().equals(name))
            .findFirst()
            .orElse(new PlacementSettings.Cluster(name, Optional.empty(), Optional.empty()));
    Optional<String> given = Optional.of(value).filter(text -> !text.equals(OFF));
    PlacementSettings.Cluster after =
        switch (key) {
          case "cpu-level" ->
              new PlacementSettings.Cluster(
                  name, before.weights(), given.map(Integer::valueOf), before.machine());
          case "machine" ->
              new PlacementSettings.Cluster(name, before.weights(), before.cpuLevel(), given);
          default ->
              new PlacementSettings.Cluster(
                  name,
                  weighed(before.weights().orElse(old.weightsOrDefault()), key, value),
                  before.cpuLevel(),
                  before.machine());
        };
    List<PlacementSettings.Cluster> clusters = new ArrayList<>(old.clusters());
    clusters.removeIf(cluster -> cluster.name().equals(name));
    if (!after.equals(new PlacementSettings.Cluster(name, Optional.empty(), Optional.empty()))) {
      clusters.add(after);
    }
    return new PlacementSettings(old.weights(), clusters, old.cpuRatio(), old.bytesPerSecond());
  }

  private static Optional<PlacementWeights> weighed(PlacementWeights in, String key, String value) {
    return switch (key) {
      case "preset" ->
          value.equals(OFF)
              ? Optional.empty()
              : Optional.of(Words.parse(PlacementPreset.class, "preset", value).weights());
      case "seconds" ->
          Optional.of(
              new PlacementWeights(
                  Double.parseDouble(value), in.memory(), in.cpus(), in.disk(), in.spread()));
      case "memory" ->
          Optional.of(
              new PlacementWeights(
                  in.seconds(), Double.parseDouble(value), in.cpus(), in.disk(), in.spread()));
      case "cpus" ->
          Optional.of(
              new PlacementWeights(
                  in.seconds(), in.memory(), Double.parseDouble(value), in.disk(), in.spread()));
      case "disk" ->
          Optional.of(
              new PlacementWeights(
                  in.seconds(), in.memory(), in.cpus(), Double.parseDouble(value), in.spread()));
      case "spread" ->
          Optional.of(
              new PlacementWeights(
                  in.seconds(), in.memory(), in.cpus(), in.disk(), Double.parseDouble(value)));
      default -> throw unknown(key);
    };
  }

  private static RatoonException unknown(String key) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading the setting '" + key + "'")
        .next(
            "Write preset, seconds, memory, cpus, disk, spread; for the fleet cpu-ratio or rate;"
                + " for a cluster cpu-level or machine; as KEY=VALUE.")
        .asException();
  }
}
