package dev.ratoon.bench.knowing;

import dev.ratoon.bench.Report;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.PlacementPreset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Time to running and bytes moved with Ratoon's placement, beside random, least-loaded, and binary
 * has-it-or-not, for several loads, popularities and sizes of cache. Everything but the choice of
 * the host is the same for all. The same seed gives the same numbers.
 */
public final class KnowingBenchmark {
  private final Report report;
  private final KnowingOptions options;

  /** A setting, and what each way came to, in the order of {@link Way}. */
  record Measured(Setting setting, List<Outcome> outcomes) {
    Outcome of(Way way) {
      return outcomes.get(List.of(Way.values()).indexOf(way));
    }
  }

  /** The ways to choose. */
  enum Way {
    RANDOM("random"),
    LEAST_LOADED("least-loaded"),
    BINARY("binary"),
    BINARY_ARRIVING("binary, arriving counts"),
    RATOON("ratoon, balance"),
    RATOON_FASTEST("ratoon, fastest-start");

    final String words;

    Way(String words) {
      this.words = words;
    }

    Strategy strategy(Catalogue catalogue, Arrivals arrivals, long seed) {
      return switch (this) {
        case RANDOM -> Strategy.random(seed);
        case LEAST_LOADED -> Strategy.leastLoaded(seed);
        case BINARY -> Strategy.binary(seed, false);
        case BINARY_ARRIVING -> Strategy.binary(seed, true);
        case RATOON -> new Engine(catalogue, arrivals, PlacementPreset.BALANCE);
        case RATOON_FASTEST -> new Engine(catalogue, arrivals, PlacementPreset.FASTEST_START);
      };
    }
  }

  private KnowingBenchmark(Report report, KnowingOptions options) {
    this.report = report;
    this.options = options;
  }

  public static void run(Report report, List<String> options) throws Exception {
    new KnowingBenchmark(report, KnowingOptions.parse(options)).run();
  }

  private void run() throws Exception {
    Setting usual = Setting.usual(options.hosts(), options.seed());
    List<Setting> settings =
        List.of(
            usual,
            usual.load(0.3),
            usual.load(0.85),
            usual.skew(0.7),
            usual.skew(1.3),
            usual.cache(0.05),
            usual.cache(0.2));
    List<Measured> measured = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      List<List<Future<Outcome>>> futures = new ArrayList<>();
      for (Setting setting : settings.subList(0, Math.min(settings.size(), options.settings()))) {
        List<Future<Outcome>> ofSetting = new ArrayList<>();
        for (Way way : Way.values()) {
          ofSetting.add(threads.submit(() -> simulate(setting, way)));
        }
        futures.add(ofSetting);
      }
      for (int s = 0; s < futures.size(); s++) {
        measured.add(show(settings.get(s), futures.get(s)));
      }
    }
    promises(measured);
    if (options.plot().isPresent()) {
      new KnowingPlot(measured).write(options.plot().get());
    }
  }

  private static Outcome simulate(Setting setting, Way way) {
    Catalogue catalogue = new Catalogue(setting, Workload.MEASURED_UNTIL);
    Fleet fleet = new Fleet(setting, catalogue);
    Arrivals arrivals = new Arrivals(fleet, setting.seed() + 3);
    Strategy strategy = way.strategy(catalogue, arrivals, setting.seed() + 4);
    return new Simulation(fleet, arrivals, strategy).run(new Workload(setting, catalogue));
  }

  private Measured show(Setting setting, List<Future<Outcome>> futures)
      throws InterruptedException, ExecutionException {
    report.note("");
    report.note(
        String.format(
            Locale.ROOT,
            "%s: %,d hosts, skew %.1f, a cache holds %.0f %% of the catalogue, memory %.0f %%"
                + " promised",
            setting.name(),
            setting.hosts(),
            setting.skew(),
            setting.cacheShare() * 100,
            setting.load() * 100));
    report.note(
        String.format(
            Locale.ROOT,
            "%-24s %8s %8s %8s %8s %8s %6s %9s %9s %9s %8s",
            "seconds to running",
            "mean",
            "p50",
            "p95",
            "p99",
            "most",
            "warm",
            "GiB moved",
            "library",
            "arrivals",
            "refused"));
    List<Outcome> outcomes = new ArrayList<>();
    Iterator<Future<Outcome>> measured = futures.iterator();
    for (Way way : Way.values()) {
      Outcome outcome = measured.next().get();
      outcomes.add(outcome);
      report.note(row(way, outcome));
    }
    return new Measured(setting, outcomes);
  }

  private static String row(Way way, Outcome outcome) {
    return String.format(
        Locale.ROOT,
        "%-24s %8.2f %8.2f %8.2f %8.2f %8.2f %5.1f%% %9.0f %9.0f %9d %8d",
        way.words,
        outcome.mean(),
        outcome.percentile(50),
        outcome.percentile(95),
        outcome.percentile(99),
        outcome.percentile(100),
        outcome.warmShare() * 100,
        outcome.bytes() / ByteSize.GIB,
        outcome.libraryBytes() / ByteSize.GIB,
        outcome.arrivals(),
        outcome.refused());
  }

  private void promises(List<Measured> measured) {
    for (Measured each : measured) {
      String name = each.setting().name().replace(" %", "").replace(' ', '-');
      Outcome ratoon = each.of(Way.RATOON);
      Outcome binary = each.of(Way.BINARY);
      report.atLeast(
          "knowing-p95-times-least-loaded-" + name,
          each.of(Way.LEAST_LOADED).percentile(95) / ratoon.percentile(95),
          3);
      report.atMost(
          "knowing-p95-beside-binary-" + name, ratoon.percentile(95) / binary.percentile(95), 1);
      report.atMost(
          "knowing-p99-beside-binary-" + name, ratoon.percentile(99) / binary.percentile(99), 1);
      report.atMost("knowing-bytes-beside-binary-" + name, ratoon.bytes() / binary.bytes(), 1);
    }
  }
}
