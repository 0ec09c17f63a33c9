package dev.ratoon.protocol.fleet;

import static dev.ratoon.protocol.Endpoint.Method.GET;
import static dev.ratoon.protocol.Endpoint.Method.POST;
import static dev.ratoon.protocol.Endpoint.Method.PUT;

import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.Permission;
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
      row(
          "agent-join",
          POST,
          "/agent/v1/join",
          Map.of(),
          Permission.PUBLIC,
          JoinRequest.class,
          JoinAnswer.class,
          "Lets a host in that shows a join token.");
  public static final Endpoint<NoBody, JoinAnswer> RENEW =
      row(
          "agent-renew",
          POST,
          "/agent/v1/renew",
          Map.of(),
          Permission.AGENT,
          NoBody.class,
          JoinAnswer.class,
          "A new certificate for the same key, for a host whose own nears its end.");
  public static final Endpoint<NoBody, DesiredState> DESIRED =
      list(
          "agent-desired",
          "/agent/v1/desired",
          Map.of(
              "known",
              "The newest revision that the host knows.",
              "incarnation",
              "Of the state that the host knows, if only what has changed since is to be told.",
              "run",
              "The server's that made that state.",
              "wait",
              "Seconds to wait."),
          DesiredState.class,
          "What the host shall be, if that is newer than what it knows.");
  public static final Endpoint<HostReport, ReportNoted> REPORT =
      row(
          "agent-report",
          PUT,
          "/agent/v1/report",
          Map.of(),
          Permission.AGENT,
          HostReport.class,
          ReportNoted.class,
          "How the whole host is.");
  public static final Endpoint<VmReports, NoBody> VM_REPORTS =
      row(
          "agent-vm-reports",
          POST,
          "/agent/v1/vms",
          Map.of(),
          Permission.AGENT,
          VmReports.class,
          NoBody.class,
          "How some VMs of the host are.");
  public static final Endpoint<BaseReports, NoBody> BASE_REPORTS =
      row(
          "agent-base-reports",
          POST,
          "/agent/v1/bases",
          Map.of(),
          Permission.AGENT,
          BaseReports.class,
          NoBody.class,
          "How far the host is with some base disks.");
  public static final Endpoint<MoveReports, NoBody> MOVE_REPORTS =
      row(
          "agent-move-reports",
          POST,
          "/agent/v1/moves",
          Map.of(),
          Permission.AGENT,
          MoveReports.class,
          NoBody.class,
          "How far the host is with its part in migrations.");
  public static final Endpoint<NoBody, Whereabouts> WHEREABOUTS =
      row(
          "agent-whereabouts",
          GET,
          "/agent/v1/bases/{disk}",
          Map.of(),
          Permission.AGENT,
          NoBody.class,
          Whereabouts.class,
          "Where a base disk can be had that the host needs.");
  public static final Endpoint<NoBody, Ask> ASKS =
      list("agent-asks", "/agent/v1/asks", WAIT, Ask.class, "What the server wants to look at.");
  public static final Endpoint<Bytes, NoBody> ANSWER =
      row(
          "agent-answer",
          POST,
          "/agent/v1/asks/{ask}/answer",
          Map.of("next", "Of a console: where the next piece begins."),
          Permission.AGENT,
          Bytes.class,
          NoBody.class,
          "What was asked for, as it is.");
  public static final Endpoint<ProblemDetails, NoBody> REFUSAL =
      row(
          "agent-refusal",
          POST,
          "/agent/v1/asks/{ask}/refusal",
          Map.of(),
          Permission.AGENT,
          ProblemDetails.class,
          NoBody.class,
          "Why it is not to be had.");

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

  private static <Q, R> Endpoint<Q, R> row(
      String id,
      Endpoint.Method method,
      String path,
      Map<String, String> query,
      Permission permission,
      Class<Q> request,
      Class<R> response,
      String help) {
    return new Endpoint<>(id, method, path, query, permission, request, response, false, 200, help);
  }

  private static <R> Endpoint<NoBody, R> list(
      String id, String path, Map<String, String> query, Class<R> response, String help) {
    return new Endpoint<>(
        id, GET, path, query, Permission.AGENT, NoBody.class, response, true, 200, help);
  }
}
