package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import java.util.ArrayList;
import java.util.List;

/** What an examination has found; of each severity only so many, and that there are more. */
final class Findings {
  private static final int MOST_OF_EACH = 50;

  private final boolean leaks;
  private final List<Finding> errors = new ArrayList<>();
  private final List<Finding> leaked = new ArrayList<>();

  /**
   * @param leaks whether leaks can be told from what is used
   */
  Findings(boolean leaks) {
    this.leaks = leaks;
  }

  void error(String what) {
    add(errors, Severity.ERROR, what);
  }

  void leak(String what) {
    if (leaks) {
      add(leaked, Severity.LEAK, what);
    }
  }

  private static void add(List<Finding> found, Severity severity, String what) {
    if (found.size() < MOST_OF_EACH) {
      found.add(new Finding(severity, what));
    } else if (found.size() == MOST_OF_EACH) {
      found.add(new Finding(severity, "There is more of this kind."));
    }
  }

  /** Errors first. */
  List<Finding> all() {
    List<Finding> all = new ArrayList<>(errors);
    all.addAll(leaked);
    return all;
  }
}
