package dev.ratoon.bench;

/** Runs one benchmark by name. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      System.err.println("usage: bench/run NAME    where NAME is one of: deploy");
      System.exit(2);
    }
    Report report = new Report(System.out);
    switch (args[0]) {
      case "child" -> new ChildBenchmark().run(report);
      case "deploy" -> {
        new ChildBenchmark().run(report);
        new IdentityBenchmark().run(report);
        try (DeployBenchmark deploys = new DeployBenchmark()) {
          deploys.run(report);
        }
        new ImportBenchmark().run(report);
      }
      default -> {
        System.err.println("bench/run: there is no benchmark '" + args[0] + "'");
        System.exit(2);
      }
    }
    System.exit(report.end() ? 0 : 1);
  }
}
