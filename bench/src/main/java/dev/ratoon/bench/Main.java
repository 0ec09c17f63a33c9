package dev.ratoon.bench;

import dev.ratoon.bench.broadcast.BroadcastBenchmark;
import dev.ratoon.bench.control.ControlPlaneBenchmark;
import dev.ratoon.bench.knowing.KnowingBenchmark;
import dev.ratoon.bench.placement.PlacementBenchmark;
import java.util.List;

/** Runs one benchmark by name. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Report report = new Report(System.out);
    boolean hasOptions =
        args.length > 1 && (args[0].equals("broadcast") || args[0].equals("knowing"));
    switch (args.length == 1 || hasOptions ? args[0] : "") {
      case "broadcast" -> BroadcastBenchmark.run(report, List.of(args).subList(1, args.length));
      case "child" -> new ChildBenchmark().run(report);
      case "cli" ->
          new CliBenchmark()
              .run(report, System.getenv().getOrDefault("RATOON_LAUNCHER", "./ratoon"));
      case "disk" -> new DiskBenchmark(report).run();
      case "knowing" -> KnowingBenchmark.run(report, List.of(args).subList(1, args.length));
      case "link" -> {
        try (LinkBenchmark link = new LinkBenchmark()) {
          link.run(report);
        }
      }
      case "control-plane" -> new ControlPlaneBenchmark(report).run();
      case "lifecycle" -> {
        try (LifecycleBenchmark lifecycle =
            new LifecycleBenchmark(
                System.getenv("BENCH_HOST"),
                System.getenv().getOrDefault("RATOON_LAUNCHER", "./ratoon"))) {
          lifecycle.run(report);
        }
      }
      case "placement" -> new PlacementBenchmark(report).run();
      case "versions" -> new VersionsBenchmark(report).run();
      case "deploy" -> {
        new ChildBenchmark().run(report);
        new IdentityBenchmark().run(report);
        try (DeployBenchmark deploys = new DeployBenchmark()) {
          deploys.run(report);
        }
        new ImportBenchmark().run(report);
      }
      default -> {
        System.err.println(
            "usage: bench/run NAME    where NAME is one of: deploy, disk, link, broadcast, versions,"
                + " child, cli, lifecycle, placement, control-plane, knowing");
        System.exit(2);
      }
    }
    System.exit(report.end() ? 0 : 1);
  }
}
