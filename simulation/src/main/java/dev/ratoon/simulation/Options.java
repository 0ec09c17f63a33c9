package dev.ratoon.simulation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a simulation shall be.
 *
 * @param sizes the fleets, the last of {@code hosts}
 * @param vms of the largest; smaller ones get as many on each host
 */
record Options(
    int hosts, int vms, long seed, RunningServer.Kind database, Path out, List<Integer> sizes) {
  static final String USAGE =
      "usage: simulation/run [--hosts N] [--vms N] [--seed S] [--database postgresql|sqlite]"
          + " [--only] [--out FOLDER]";
  private static final int SMALLEST = 100;
  private static final int TENFOLD = 10;

  /**
   * @throws IllegalArgumentException saying what is wrong with them
   */
  static Options parse(List<String> args) {
    int hosts = 1000;
    int vms = 0;
    long seed = 1;
    RunningServer.Kind database = RunningServer.Kind.POSTGRESQL;
    Path out = Path.of("simulation", "target", "simulation");
    boolean only = false;
    for (int i = 0; i < args.size(); i++) {
      String option = args.get(i);
      switch (option) {
        case "--only" -> only = true;
        case "--hosts" -> hosts = Math.toIntExact(number(args, ++i, 1, 100_000));
        case "--vms" -> vms = Math.toIntExact(number(args, ++i, 1, 1_000_000));
        case "--seed" -> seed = number(args, ++i, Long.MIN_VALUE, Long.MAX_VALUE);
        case "--out" -> out = Path.of(value(args, ++i));
        case "--database" ->
            database =
                switch (value(args, ++i)) {
                  case "postgresql" -> RunningServer.Kind.POSTGRESQL;
                  case "sqlite" -> RunningServer.Kind.SQLITE;
                  default -> throw new IllegalArgumentException("a database that is not known");
                };
        default -> throw new IllegalArgumentException("an option that is not known: " + option);
      }
    }
    return new Options(
        hosts, vms == 0 ? hosts * TENFOLD : vms, seed, database, out, sizes(hosts, only));
  }

  /** Each ten times as large as the one before. */
  private static List<Integer> sizes(int hosts, boolean only) {
    List<Integer> sizes = new ArrayList<>();
    for (int size = SMALLEST; size < hosts && !only; size *= TENFOLD) {
      sizes.add(size);
    }
    sizes.add(hosts);
    return sizes;
  }

  private static String value(List<String> args, int at) {
    if (at >= args.size()) {
      throw new IllegalArgumentException(args.getLast() + " needs a value");
    }
    return args.get(at);
  }

  private static long number(List<String> args, int at, long least, long most) {
    String text = value(args, at);
    try {
      long number = Long.parseLong(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // Said below, like one that is out of bounds.
    }
    throw new IllegalArgumentException(text + " is no number from " + least + " to " + most);
  }
}
