package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Catalogue.Base;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A base on its way to a host, once, however many VMs wait for it. */
final class Arrival {
  final int number;
  final Host host;
  final Base base;

  /** The base whose blocks need not come; null without one. */
  final Host.@Nullable Held relative;

  /** What is still to come of it. */
  double leftBytes;

  /** From whom it comes: numbers of hosts, or of the library. */
  final Map<Integer, Links.Flow> sources = new LinkedHashMap<>();

  /** The arrival elsewhere that passes on what it has; this one cannot end before it. */
  @Nullable Arrival follows;

  final List<Arrival> followers = new ArrayList<>();

  /** What is to be done when it has arrived. */
  final List<Runnable> waiting = new ArrayList<>();

  Arrival(int number, Host host, Base base, Host.@Nullable Held relative, double bytes) {
    this.number = number;
    this.host = host;
    this.base = base;
    this.relative = relative;
    this.leftBytes = bytes;
  }

  double rate() {
    double rate = 0;
    for (Links.Flow flow : sources.values()) {
      rate += flow.rate();
    }
    return rate;
  }
}
