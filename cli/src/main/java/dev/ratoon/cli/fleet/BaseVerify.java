package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Table;
import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VerifyRequest;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code base verify|scrub}. */
final class BaseVerify {
  private static final String NONE = "No host has a base disk yet.";

  private BaseVerify() {}

  private static int run(Session session, VerifyRequest request, WaitOption wait) {
    List<OperationView> begun =
        session.client().list(ImageEndpoints.BASE_VERIFY, Params.NONE, request);
    if (wait.noWait()) {
      return wait.finish(session, begun);
    }
    List<OperationView> ended = Waiting.until(session, begun);
    session.output().list(ended, verdicts(), NONE);
    return Waiting.report(session, ended);
  }

  private static Table<OperationView> verdicts() {
    return Table.<OperationView>named(o -> o.id().toString())
        .text("BASE", OperationView::subject)
        .text("VERDICT", BaseVerify::verdict);
  }

  private static String verdict(OperationView operation) {
    return operation.state() == OperationState.FAILED
        ? operation.problem().map(problem -> problem.code().code()).orElse("failed")
        : operation.result().orElse("");
  }

  @Command(
      name = "verify",
      description = {
        "Read base disks again in full, on each host that has them, and compare every chunk.",
        "A damaged one is mended from another host; VMs that stand on it are named."
      },
      footer = {
        "",
        "Exits with 1 if one of them is damaged and cannot be mended.",
        "",
        "Examples:",
        "  ratoon base verify debian:12",
        "  ratoon base verify --host kvm2"
      })
  static final class Verify implements Callable<Integer> {
    private final Session session;

    @Parameters(
        paramLabel = "BASE",
        arity = "0..*",
        description = "Images, or disk ids as 'base list' shows them; all unless told.")
    List<String> bases = List.of();

    @Option(
        names = "--host",
        paramLabel = "HOST",
        split = ",",
        description = "Only on this host, by name or id. Repeatable.")
    List<String> hosts = List.of();

    @Mixin WaitOption wait = new WaitOption();

    Verify(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      return run(session, new VerifyRequest(bases, hosts, false), wait);
    }
  }

  @Command(
      name = "scrub",
      description = {
        "The same for all base disks, gently: one after the other on each host, and no faster than",
        "the setting scrub-rate."
      },
      footer = {
        "",
        "Hosts do so by themselves with what was not read for as long as the setting scrub-days says."
      })
  static final class Scrub implements Callable<Integer> {
    private final Session session;

    @Option(
        names = "--host",
        paramLabel = "HOST",
        split = ",",
        description = "Only on this host, by name or id. Repeatable.")
    List<String> hosts = List.of();

    @Mixin WaitOption wait = new WaitOption();

    Scrub(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      return run(session, new VerifyRequest(List.of(), hosts, true), wait);
    }
  }
}
