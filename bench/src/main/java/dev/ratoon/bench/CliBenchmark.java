package dev.ratoon.bench;

/** The command line as a user feels it: a whole process, from the shell to the answer. */
final class CliBenchmark {
  private static final int RUNS = 20;

  void run(Report report, String launcher) throws Exception {
    Samples list = new Samples("ratoon vm list");
    Tool.run(launcher, "vm", "list");
    for (int i = 0; i < RUNS; i++) {
      list.time(() -> Tool.run(launcher, "vm", "list"));
    }
    report.table(list);
    report.atMost("vm-list-seconds", list.median(), 0.4);
  }
}
