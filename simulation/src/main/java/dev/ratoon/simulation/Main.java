package dev.ratoon.simulation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Simulates fleets of growing size, says what came of it, and draws it. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws IOException {
    System.setProperty("java.awt.headless", "true");
    Options options;
    try {
      options = Options.parse(List.of(args));
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage());
      System.err.println(Options.USAGE);
      System.exit(2);
      return;
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (int hosts : options.sizes()) {
      System.out.println("\n" + hosts + " hosts");
      int vms = (int) ((long) options.vms() * hosts / options.hosts());
      Outcome outcome =
          new Simulation(
                  new Simulation.Scale(hosts, vms, options.seed(), options.database()),
                  System.out::println)
              .run();
      outcomes.add(outcome);
      outcome.broken().forEach(what -> System.out.println("BROKEN: " + what));
    }
    System.out.println("\n" + Outcome.header());
    outcomes.forEach(outcome -> System.out.println(outcome.row()));
    Path folder = options.out();
    Plot.write(outcomes, folder);
    boolean holds = outcomes.stream().allMatch(outcome -> outcome.broken().isEmpty());
    System.out.println(
        (holds ? "\nAll invariants held" : "\nInvariants were broken")
            + " (seed "
            + options.seed()
            + "). The plot is in "
            + folder);
    System.exit(holds ? 0 : 1);
  }
}
