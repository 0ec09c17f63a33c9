package dev.ratoon.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a benchmark prints: a table, and one line for each promise. */
public final class Report {
  private final PrintStream out;
  private final List<String> promises = new ArrayList<>();
  private boolean allHold = true;

  Report(PrintStream out) {
    this.out = out;
  }

  void table(Samples... rows) {
    out.println();
    out.println(Samples.header());
    for (Samples row : rows) {
      out.println(row.row());
    }
  }

  public void note(String line) {
    out.println(line);
  }

  /** A promise that the measured number is at most the target. */
  public void atMost(String promise, double measured, double target) {
    promise(promise, measured, "<=", target, measured <= target);
  }

  /** A promise that the measured number is at least the target. */
  public void atLeast(String promise, double measured, double target) {
    promise(promise, measured, ">=", target, measured >= target);
  }

  /** Prints the promises; whether all hold. */
  boolean end() {
    out.println();
    promises.forEach(out::println);
    return allHold;
  }

  private void promise(
      String name, double measured, String relation, double target, boolean holds) {
    allHold &= holds;
    promises.add(
        String.format(
            Locale.ROOT,
            "%s %.2f %s%.2f %s",
            name,
            measured,
            relation,
            target,
            holds ? "ok" : "short"));
  }
}
