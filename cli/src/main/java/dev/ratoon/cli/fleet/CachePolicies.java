package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code cache policy set|show|clear}. */
final class CachePolicies {
  private static final int PINS_SHOWN = 5;
  private static final String NONE =
      "No policy: no base disk ever leaves a cache. One is set with: ratoon cache policy set"
          + " --keep-days DAYS";

  private CachePolicies() {}

  private static String where(CachePolicyView view) {
    return view.host()
        .map(host -> "host " + host)
        .or(() -> view.share().map(share -> "share " + share))
        .orElse("fleet");
  }

  private static Table<CachePolicyView> table() {
    return Table.<CachePolicyView>named(CachePolicies::where)
        .text("WHERE", CachePolicies::where)
        .number("KEEP DAYS", v -> Words.orDash(v.policy().keepDays()))
        .number("MAX SHARE", v -> Words.orDash(v.policy().maxSharePercent().map(p -> p + " %")))
        .number("MIN FREE", v -> Words.orDash(v.policy().minFreeBytes().map(Words::size)))
        .number("REPLICAS", v -> String.valueOf(v.policy().keepAtLeast().orElse(1)))
        .text("PINS", v -> Words.names(v.policy().pins(), PINS_SHOWN));
  }

  @Command(
      name = "set",
      description = {
        "Let unused base disks leave caches, all of them or one.",
        "What anything may still need never leaves: a VM, stopped or in the trash, a base disk that",
        "is a difference to it, a deploy or precache, the last ready copy of an image's base disk."
      },
      footer = {
        "",
        "What was used within --keep-days stays. Of the rest all goes; or, with --max-share or",
        "--min-free, as much as these ask for, the longest unused first. The policy of one cache",
        "takes the place of the fleet's there. 'ratoon cache plan' shows what would go.",
        "",
        "Examples:",
        "  ratoon cache policy set --keep-days 30",
        "  ratoon cache policy set --host kvm2 --keep-days 7 --min-free 100G --pin debian:12"
      })
  static final class Change implements Callable<Integer> {
    private final Session session;

    @Option(
        names = "--keep-days",
        paramLabel = "DAYS",
        description = "How long a base disk stays after its last use.")
    @Nullable Integer keepDays;

    @Option(
        names = "--max-share",
        paramLabel = "PERCENT",
        description = "How much of its file system a cache may take.")
    @Nullable Integer maxShare;

    @Option(
        names = "--min-free",
        paramLabel = "SIZE",
        description = "How much shall be free on a cache's file system, 100G say.")
    @Nullable String minFree;

    @Option(
        names = "--keep-at-least",
        paramLabel = "COUNT",
        description = "How many ready copies of an image's base disk stay in the fleet (1).")
    @Nullable Integer keepAtLeast;

    @Option(
        names = "--pin",
        paramLabel = "IMAGE",
        split = ",",
        description = "Never this image's base disk. Repeatable.")
    List<String> pins = List.of();

    @Mixin OneCache where = new OneCache();

    Change(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      CachePolicy policy =
          new CachePolicy(
              Optional.ofNullable(keepDays),
              Optional.ofNullable(maxShare),
              Optional.ofNullable(minFree).map(ByteSize::parse),
              Optional.ofNullable(keepAtLeast),
              pins.stream().map(ImageRef::parse).toList());
      CachePolicyView now =
          session.client().call(CacheEndpoints.CACHE_POLICY_SET, where.params(), policy);
      session.output().list(List.of(now), table(), "");
      return ExitCode.OK;
    }
  }

  @Command(name = "show", description = "Show the policies.")
  static final class Show implements Callable<Integer> {
    private final Session session;

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      session
          .output()
          .list(session.client().list(CacheEndpoints.CACHE_POLICIES, Params.NONE), table(), NONE);
      return ExitCode.OK;
    }
  }

  @Command(
      name = "clear",
      description = "Remove the policy of the fleet, or of one cache: nothing leaves by it.")
  static final class Clear implements Callable<Integer> {
    private final Session session;
    @Mixin OneCache where = new OneCache();

    Clear(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      CachePolicyView gone =
          session.client().call(CacheEndpoints.CACHE_POLICY_CLEAR, where.params());
      session.output().say("The policy of %s is gone.".formatted(where(gone)));
      return ExitCode.OK;
    }
  }
}
