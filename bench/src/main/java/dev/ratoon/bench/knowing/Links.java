package dev.ratoon.bench.knowing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Shares links out fairly among connections, each of which crosses two of them: no connection can
 * get more without another one getting less that has no more than it (max-min fairness, found by
 * filling links up one after the other, the tightest first).
 */
final class Links {
  private final double[] capacity;
  private final List<List<Flow>> flows = new ArrayList<>();
  private final double[] left;
  private final int[] open;

  /** A connection. */
  static final class Flow {
    private final int from;
    private final int to;
    private boolean fixed;
    private double rate;

    private Flow(int from, int to) {
      this.from = from;
      this.to = to;
    }

    double rate() {
      return rate;
    }
  }

  private record Tight(double share, int link) {}

  Links(double[] capacity) {
    this.capacity = capacity;
    left = new double[capacity.length];
    open = new int[capacity.length];
    for (int i = 0; i < capacity.length; i++) {
      flows.add(new ArrayList<>());
    }
  }

  Flow add(int from, int to) {
    Flow flow = new Flow(from, to);
    flows.get(from).add(flow);
    flows.get(to).add(flow);
    return flow;
  }

  void remove(Flow flow) {
    flows.get(flow.from).remove(flow);
    flows.get(flow.to).remove(flow);
  }

  /** How many connections cross a link. */
  int count(int link) {
    return flows.get(link).size();
  }

  /** Gives every connection its rate. */
  void share() {
    PriorityQueue<Tight> tightest =
        new PriorityQueue<>(Comparator.comparingDouble(Tight::share).thenComparingInt(Tight::link));
    for (int link = 0; link < capacity.length; link++) {
      left[link] = capacity[link];
      open[link] = flows.get(link).size();
      if (open[link] > 0) {
        flows.get(link).forEach(flow -> flow.fixed = false);
        tightest.add(new Tight(left[link] / open[link], link));
      }
    }
    for (Tight next = tightest.poll(); next != null; next = tightest.poll()) {
      int link = next.link();
      if (open[link] == 0) {
        continue;
      }
      double share = left[link] / open[link];
      if (share > next.share()) {
        // Others that were fixed meanwhile have left it more.
        tightest.add(new Tight(share, link));
        continue;
      }
      for (Flow flow : flows.get(link)) {
        if (!flow.fixed) {
          fix(flow, share);
        }
      }
    }
  }

  private void fix(Flow flow, double rate) {
    flow.fixed = true;
    flow.rate = rate;
    left[flow.from] = Math.max(0, left[flow.from] - rate);
    left[flow.to] = Math.max(0, left[flow.to] - rate);
    open[flow.from]--;
    open[flow.to]--;
  }
}
