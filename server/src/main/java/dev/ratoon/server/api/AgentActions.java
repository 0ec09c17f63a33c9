package dev.ratoon.server.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import dev.ratoon.protocol.fleet.ReportNoted;
import dev.ratoon.server.agents.Asks;
import dev.ratoon.server.inventory.Inventory;
import dev.ratoon.server.members.Members;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.jetty.io.Content;

/** What agents on other machines ask for. Each concerns the host of the agent alone. */
record AgentActions(Members members, Inventory inventory, Asks asks) {
  private static final Answer NOTED = new Answer.Value(new NoBody());
  private static final String ASK = "ask";

  static void add(Actions actions, Members members, Inventory inventory, Asks asks) {
    AgentActions all = new AgentActions(members, inventory, asks);
    actions
        .on(AgentEndpoints.JOIN, call -> new Answer.Value(members.join(call.body())))
        .on(AgentEndpoints.RENEW, all::renew)
        .on(AgentEndpoints.DESIRED, all::desired)
        .on(AgentEndpoints.REPORT, all::report)
        .on(
            AgentEndpoints.VM_REPORTS,
            call -> {
              inventory.reports().report(host(call), call.body().vms());
              return NOTED;
            })
        .on(
            AgentEndpoints.BASE_REPORTS,
            call -> {
              inventory.reports().reportBases(host(call), call.body().bases());
              return NOTED;
            })
        .on(
            AgentEndpoints.MOVE_REPORTS,
            call -> {
              inventory.reports().reportMoves(host(call), call.body().moves());
              return NOTED;
            })
        .on(
            AgentEndpoints.WHEREABOUTS,
            call ->
                new Answer.Value(
                    inventory
                        .reports()
                        .whereabouts(host(call), new DiskId(call.parameter("disk")))))
        .on(AgentEndpoints.ASKS, all::next)
        .on(AgentEndpoints.ANSWER, all::answer)
        .on(
            AgentEndpoints.REFUSAL,
            call -> {
              asks.refuse(host(call), call.parameter(ASK), call.body().problem());
              return NOTED;
            });
  }

  private Answer renew(Call<?> call) {
    return new Answer.Value(
        members.renewed(host(call), Callers.certificate(call.request()).orElseThrow()));
  }

  private Answer desired(Call<?> call) throws InterruptedException {
    HostId host = host(call);
    inventory.hosts().attach(host, asks.agent(host));
    Known known =
        new Known(
            call.number("known", 0, Long.MAX_VALUE).orElse(0L),
            call.query("incarnation").orElse(""),
            call.query("run").orElse(""));
    return new Answer.Value(inventory.reports().desired(host, known, wait(call)).stream().toList());
  }

  private Answer report(Call<HostReport> call) {
    HostReport report = call.body();
    boolean ofItself =
        report.id().equals(host(call))
            && members.find(report.id()).filter(m -> m.name().equals(report.name())).isPresent();
    if (!ofItself) {
      throw Problem.of(ErrorCode.FORBIDDEN, "reporting")
          .detail("A host reports of itself alone, under the name with which it joined.")
          .asException();
    }
    inventory.reports().report(report);
    int next = (int) inventory.reports().betweenReports().toSeconds();
    return new Answer.Value(new ReportNoted(Optional.of(next).filter(seconds -> seconds > 0)));
  }

  private Answer next(Call<?> call) throws InterruptedException {
    return new Answer.Value(asks.next(host(call), wait(call)).stream().toList());
  }

  private Answer answer(Call<?> call) throws InterruptedException, IOException {
    try (InputStream body = Content.Source.asInputStream(call.request())) {
      Optional<Long> next = call.number("next", 0, Long.MAX_VALUE);
      asks.answer(host(call), call.parameter(ASK), next, body);
    }
    return NOTED;
  }

  private static Duration wait(Call<?> call) {
    return Duration.ofSeconds(call.number("wait", 0, AgentEndpoints.MOST_WAIT_SECONDS).orElse(0L));
  }

  private static HostId host(Call<?> call) {
    return call.caller().host().orElseThrow();
  }
}
