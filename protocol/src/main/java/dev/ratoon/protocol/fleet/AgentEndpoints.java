package dev.ratoon.protocol.fleet;

import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.post;
import static dev.ratoon.protocol.EndpointRow.put;
import static dev.ratoon.protocol.Permission.AGENT;
import static dev.ratoon.protocol.Permission.PUBLIC;

import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.api.ProblemDetails;
import java.util.List;
import java.util.Map;

/**
 * What agents ask of a server, one row for each thing. Every row but the first needs the client's
 * certificate of a host that belongs to the fleet, and concerns that host alone. Nothing of it is
 * for users, so it is not in the API's document.
 */
public final class AgentEndpoints {
  /** Longest wait for something new, in seconds; an idle connection must not outlast it. */
  public static final int MOST_WAIT_SECONDS = 30;

  private static final Map<String, String> WAIT = Map.of("wait", "Seconds to wait for one.");

  public static final Endpoint<JoinRequest, JoinAnswer> JOIN =
      post("agent-join", "/agent/v1/join", PUBLIC)
          .takes(JoinRequest.class)
          .answers(JoinAnswer.class, "Lets a host in that shows a join token.");
  public static final Endpoint<NoBody, JoinAnswer> RENEW =
      post("agent-renew", "/agent/v1/renew", AGENT)
          .answers(
              JoinAnswer.class,
              "A new certificate for the same key, for a host whose own nears its end.");
  public static final Endpoint<NoBody, DesiredState> DESIRED =
      get("agent-desired", "/agent/v1/desired", AGENT)
          .query(
              Map.of(
                  "known",
                  "The newest revision that the host knows.",
                  "incarnation",
                  "Of the state that the host knows, if only what has changed since is to be told.",
                  "run",
                  "The server's that made that state.",
                  "wait",
                  "Seconds to wait."))
          .answersAll(
              DesiredState.class, "What the host shall be, if that is newer than what it knows.");
  public static final Endpoint<HostReport, ReportNoted> REPORT =
      put("agent-report", "/agent/v1/report", AGENT)
          .takes(HostReport.class)
          .answers(ReportNoted.class, "How the whole host is.");
  public static final Endpoint<VmReports, NoBody> VM_REPORTS =
      post("agent-vm-reports", "/agent/v1/vms", AGENT)
          .takes(VmReports.class)
          .answers(NoBody.class, "How some VMs of the host are.");
  public static final Endpoint<BaseReports, NoBody> BASE_REPORTS =
      post("agent-base-reports", "/agent/v1/bases", AGENT)
          .takes(BaseReports.class)
          .answers(NoBody.class, "How far the host is with some base disks.");
  public static final Endpoint<MoveReports, NoBody> MOVE_REPORTS =
      post("agent-move-reports", "/agent/v1/moves", AGENT)
          .takes(MoveReports.class)
          .answers(NoBody.class, "How far the host is with its part in migrations.");
  public static final Endpoint<NoBody, Whereabouts> WHEREABOUTS =
      get("agent-whereabouts", "/agent/v1/bases/{disk}", AGENT)
          .answers(Whereabouts.class, "Where a base disk can be had that the host needs.");
  public static final Endpoint<NoBody, Ask> ASKS =
      get("agent-asks", "/agent/v1/asks", AGENT)
          .query(WAIT)
          .answersAll(Ask.class, "What the server wants to look at.");
  public static final Endpoint<Bytes, NoBody> ANSWER =
      post("agent-answer", "/agent/v1/asks/{ask}/answer", AGENT)
          .query(Map.of("next", "Of a console: where the next piece begins."))
          .takes(Bytes.class)
          .answers(NoBody.class, "What was asked for, as it is.");
  public static final Endpoint<ProblemDetails, NoBody> REFUSAL =
      post("agent-refusal", "/agent/v1/asks/{ask}/refusal", AGENT)
          .takes(ProblemDetails.class)
          .answers(NoBody.class, "Why it is not to be had.");

  private AgentEndpoints() {}

  /** Every row. */
  public static List<Endpoint<?, ?>> all() {
    return List.of(
        JOIN,
        RENEW,
        DESIRED,
        REPORT,
        VM_REPORTS,
        BASE_REPORTS,
        MOVE_REPORTS,
        WHEREABOUTS,
        ASKS,
        ANSWER,
        REFUSAL);
  }
}
