package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.protocol.api.PlacementView.Cluster;
import dev.ratoon.protocol.api.PlacementView.Disk;
import dev.ratoon.protocol.api.PlacementView.Refusal;
import dev.ratoon.protocol.api.PlacementView.Target;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "place",
    sortOptions = false,
    description = {
      "Show where VMs would go, and why not elsewhere.",
      "Hosts and clusters are ranked by stars, with the time until a VM runs there and the bytes",
      "that would move. Nothing is deployed."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon place --image debian:12",
      "  ratoon place --image debian:12 --count 20 --memory 4G --cluster west",
      "  ratoon place --image debian:12 --disk image=data:1 --disks"
    })
final class Place implements Callable<Integer> {
  private static final int MOST_ROWS = 20;
  private static final int MILLIS = 1000;

  private final Session session;

  @Mixin VmOptions vm = new VmOptions();

  @Mixin WhereOptions where = new WhereOptions();

  @Option(
      names = "--disks",
      description = "Show for each disk the file that it would stand on, too.")
  boolean disks;

  @Option(names = "--all", description = "Show all hosts, however many there are.")
  boolean all;

  Place(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    DeployRequest request =
        vm.request("place", RestartPolicy.ON_FAILURE, CloudInit.NONE, false, where.request());
    PlacementView view = session.client().call(VmEndpoints.PLACE, Params.NONE, request);
    if (session.output().quiet()) {
      session.output().list(view.hosts(), hosts(view), "");
    } else {
      session.output().text(view, () -> lines(view));
    }
    if (view.problem().isPresent() && session.output().forPeople()) {
      Output.error(session.terminal(), view.problem().get());
    } else {
      session.output().say(summary(view));
    }
    return view.problem().map(ExitCode::of).orElse(ExitCode.OK);
  }

  private List<String> lines(PlacementView view) {
    List<String> lines = new ArrayList<>();
    int rows = all ? Integer.MAX_VALUE : MOST_ROWS;
    section(lines, view.hosts(), hosts(view), rows);
    if (disks) {
      section(lines, diskRows(view, rows), diskTable(), Integer.MAX_VALUE);
    }
    section(lines, view.clusters(), clusters(view), rows);
    section(lines, view.refused(), refusals(), rows);
    return lines;
  }

  private static <T> void section(List<String> lines, List<T> rows, Table<T> table, int most) {
    if (rows.isEmpty()) {
      return;
    }
    if (!lines.isEmpty()) {
      lines.add("");
    }
    lines.addAll(table.lines(rows.subList(0, Math.min(most, rows.size()))));
    if (rows.size() > most) {
      lines.add("... and %d more; --all shows them".formatted(rows.size() - most));
    }
  }

  private static Table<Target> hosts(PlacementView view) {
    Table<Target> table =
        Table.<Target>named(t -> t.name().text())
            .text("HOST", t -> t.name().text())
            .text("CLUSTER", t -> Words.orDash(t.cluster()))
            .text("STARS", t -> Words.stars(t.stars()))
            .number("RUNS IN", t -> seconds(t.seconds()))
            .number("TO MOVE", t -> Words.size(t.bytesToMove()))
            .number("ROOM", t -> String.valueOf(t.room()));
    return (view.count() > 1 ? table.number("GETS", t -> String.valueOf(t.chosen())) : table)
        .text("WHY", t -> String.join("; ", t.reasons()));
  }

  private static Table<Cluster> clusters(PlacementView view) {
    return Table.<Cluster>named(c -> c.name().text())
        .text("CLUSTER", c -> c.name().text())
        .text("STARS", c -> Words.stars(c.stars()))
        .number(
            view.count() > 1 ? "ALL RUN IN" : "RUNS IN",
            c -> c.stars() == 0 ? "-" : seconds(c.seconds()))
        .number("TO MOVE", c -> Words.size(c.bytesToMove()))
        .number("HOSTS", c -> String.valueOf(c.hosts()))
        .number("TAKES", c -> c.fitting() + " of " + view.count());
  }

  private static Table<Refusal> refusals() {
    return Table.<Refusal>named(r -> r.name().text())
        .text("NOT ON", r -> r.name().text())
        .text("BECAUSE", r -> String.join("; ", r.reasons()));
  }

  private record DiskRow(Target host, Disk disk) {}

  private static List<DiskRow> diskRows(PlacementView view, int rows) {
    return view.hosts().stream()
        .limit(rows)
        .flatMap(host -> host.disks().stream().map(disk -> new DiskRow(host, disk)))
        .toList();
  }

  private static Table<DiskRow> diskTable() {
    return Table.<DiskRow>named(r -> r.host().name().text())
        .text("HOST", r -> r.host().name().text())
        .number("DISK", r -> String.valueOf(r.disk().number()))
        .text("IMAGE", r -> Words.orDash(r.disk().image()))
        .text("STANDS ON", r -> standsOn(r.disk()));
  }

  private static String standsOn(Disk disk) {
    if (disk.base().isEmpty()) {
      return "nothing, it is empty";
    }
    if (!disk.differencing()) {
      return "nothing, it is a whole copy";
    }
    return disk.parentPath()
        .map(path -> path + " (there already)")
        .orElseGet(() -> choice(disk.choices()));
  }

  private static String choice(List<String> folders) {
    if (folders.isEmpty()) {
      return "the host's cache";
    }
    return folders.getFirst()
        + (folders.size() > 1
            ? " (or " + String.join(", ", folders.subList(1, folders.size())) + ")"
            : "");
  }

  private static String summary(PlacementView view) {
    List<String> parts =
        view.hosts().stream()
            .filter(host -> host.chosen() > 0)
            .map(host ->
                view.count() == 1 ? host.name().text() : host.name() + " (" + host.chosen() + ")")
            .toList();
    return Words.count(view.count(), "VM", "VMs")
        + " would go to "
        + Words.names(parts, MOST_ROWS)
        + ".";
  }

  private static String seconds(double seconds) {
    return Words.took(Duration.ofMillis(Math.round(seconds * MILLIS)));
  }
}
