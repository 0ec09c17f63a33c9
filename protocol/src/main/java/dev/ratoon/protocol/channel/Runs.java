package dev.ratoon.protocol.channel;

import java.util.List;

/** The rules for the runs of a request, the same on both sides. */
final class Runs {
  private Runs() {}

  static void check(List<Run> runs, Part part, Pieces pieces) throws BrokenRule {
    if (runs.isEmpty() || runs.size() > Limits.RUNS) {
      throw new BrokenRule("A request has 1 to " + Limits.RUNS + " runs.");
    }
    long behind = 0;
    long sum = 0;
    for (Run run : runs) {
      long end = (long) run.first() + run.count();
      if (run.count() < 1 || run.first() < behind || end > pieces.count()) {
        throw new BrokenRule("The runs of a request ascend and lie inside the part.");
      }
      behind = end;
      sum += run.count();
      checkBlocks(run, part, pieces);
    }
    if (sum > Limits.RUN_PIECES) {
      throw new BrokenRule("A request has at most " + Limits.RUN_PIECES + " pieces.");
    }
  }

  private static void checkBlocks(Run run, Part part, Pieces pieces) throws BrokenRule {
    if (part != Part.CONTENT && run.blocks() != Run.ALL_BLOCKS) {
      throw new BrokenRule("Only content is asked for in blocks.");
    }
    boolean inRange = run.blocks() > 0 && run.blocks() <= Run.ALL_BLOCKS;
    // Only the last piece can be short.
    int last = run.first() + run.count() - 1;
    if (!inRange || pieces.existing(last, run.blocks()) == 0) {
      throw new BrokenRule("A request asks for blocks that do not exist.");
    }
  }
}
