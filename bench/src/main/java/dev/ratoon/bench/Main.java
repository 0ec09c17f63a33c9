package dev.ratoon.bench;

/** Runs one benchmark by name. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Report report = new Report(System.out);
    switch (args.length == 1 ? args[0] : "") {
      case "child" -> new ChildBenchmark().run(report);
      case "cli" ->
          new CliBenchmark()
              .run(report, System.getenv().getOrDefault("RATOON_LAUNCHER", "./ratoon"));
      case "disk" -> new DiskBenchmark(report).run();
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
            "usage: bench/run NAME    where NAME is one of: deploy, disk, versions, child, cli");
        System.exit(2);
      }
    }
    System.exit(report.end() ? 0 : 1);
  }
}
