package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.OperationView;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cache plan|clean}. */
final class CacheCleaning {
  private static final String EMPTY = "There is no base disk.";

  private CacheCleaning() {}

  /** A base in a cache. */
  private record Line(CachePlanView cache, CachePlanView.Base base) {
    String name() {
      return base.images().isEmpty() ? base.diskId().shortForm() : Words.names(base.images(), 2);
    }
  }

  private static Table<Line> table(Session session) {
    return Table.<Line>named(line -> line.base().diskId().hex())
        .text("CACHE", line -> line.cache().cache())
        .text("BASE", Line::name)
        .number("STORED", line -> Words.size(line.base().storedBytes()))
        .number("UNUSED", line -> Words.age(session.since(line.base().usedAt())))
        .text("GOES", line -> line.base().leaves() ? "yes" : "no")
        .text("WHY", line -> String.join("; ", line.base().why()));
  }

  @Command(
      name = "plan",
      description = {
        "Show what would leave each cache now, and why the rest would not. Nothing is done."
      })
  static final class Plan implements Callable<Integer> {
    private final Session session;
    @Mixin OneCache where = new OneCache();

    Plan(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      List<CachePlanView> plan = session.client().list(CacheEndpoints.CACHE_PLAN, where.params());
      if (!session.output().forPeople()) {
        session.output().list(plan, Table.named(CachePlanView::cache), "");
        return ExitCode.OK;
      }
      List<Line> lines =
          plan.stream()
              .flatMap(cache -> cache.bases().stream().map(base -> new Line(cache, base)))
              .toList();
      session.output().list(lines, table(session), EMPTY);
      long freed = plan.stream().mapToLong(CachePlanView::freedBytes).sum();
      if (freed > 0) {
        session.output().say("'ratoon cache clean' would free %s.".formatted(Words.size(freed)));
      }
      return ExitCode.OK;
    }
  }

  @Command(
      name = "clean",
      description = {
        "Let go what 'cache plan' shows. Each host looks again before it removes anything, and keeps",
        "what is needed by then."
      })
  static final class Clean implements Callable<Integer> {
    private final Session session;
    @Mixin OneCache where = new OneCache();

    @Option(
        names = {"-y", "--yes"},
        description = "Do not ask.")
    boolean yes;

    @Mixin WaitOption wait = new WaitOption();

    Clean(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      List<CachePlanView> plan = session.client().list(CacheEndpoints.CACHE_PLAN, where.params());
      long freed = plan.stream().mapToLong(CachePlanView::freedBytes).sum();
      long bases =
          plan.stream()
              .flatMap(cache -> cache.bases().stream())
              .filter(CachePlanView.Base::leaves)
              .count();
      if (bases == 0) {
        session.output().say("Nothing can go. 'ratoon cache plan' tells why.");
        return ExitCode.OK;
      }
      String what = Words.count((int) bases, "base disk", "base disks") + ", " + Words.size(freed);
      if (!yes && !session.confirm("removing " + what, "Remove " + what + " from caches?")) {
        session.output().say("Nothing was removed.");
        return ExitCode.FAILED;
      }
      List<OperationView> begun = session.client().list(CacheEndpoints.CACHE_CLEAN, where.params());
      return wait.finish(session, begun);
    }
  }
}
