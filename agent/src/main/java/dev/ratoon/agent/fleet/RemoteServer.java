package dev.ratoon.agent.fleet;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import dev.ratoon.protocol.fleet.BaseReports;
import dev.ratoon.protocol.fleet.JoinAnswer;
import dev.ratoon.protocol.fleet.MoveReports;
import dev.ratoon.protocol.fleet.ReportNoted;
import dev.ratoon.protocol.fleet.VmReports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** The server on another machine, reached over mutual TLS. */
final class RemoteServer implements ServerLink, AutoCloseable {
  private final Membership membership;
  private final Path folder;
  private final Runnable connected;
  private final AtomicBoolean hasAnswered = new AtomicBoolean();
  private volatile Duration betweenReports = Duration.ZERO;
  private volatile ApiClient client;

  /**
   * @param folder the agent's, where its key is
   * @param connected is run when the server has answered for the first time
   */
  RemoteServer(Membership membership, Path folder, Runnable connected) {
    this.connected = connected;
    this.membership = membership;
    this.folder = folder;
    this.client = new ApiClient(membership.access(folder));
  }

  @Override
  public Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    Params asked = Params.of("known", known.revision()).with("wait", seconds(wait));
    return newest(
            AgentEndpoints.DESIRED,
            known.run().isEmpty()
                ? asked
                : asked.with("incarnation", known.incarnation()).with("run", known.run()))
        .stream()
        .findFirst();
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    return client().call(AgentEndpoints.WHEREABOUTS, Params.of("disk", base.hex()));
  }

  @Override
  public void report(HostReport report) {
    ReportNoted noted = client().call(AgentEndpoints.REPORT, Params.NONE, report);
    betweenReports = Duration.ofSeconds(noted.nextSeconds().orElse(0));
    if (!hasAnswered.getAndSet(true)) {
      connected.run();
    }
  }

  @Override
  public Duration betweenReports() {
    return betweenReports;
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    client().call(AgentEndpoints.VM_REPORTS, Params.NONE, new VmReports(changed));
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    client().call(AgentEndpoints.BASE_REPORTS, Params.NONE, new BaseReports(changed));
  }

  @Override
  public void reportMoves(HostId host, List<MoveReport> moves) {
    client().call(AgentEndpoints.MOVE_REPORTS, Params.NONE, new MoveReports(moves));
  }

  ApiClient client() {
    return client;
  }

  /** A client of one server of the fleet, for its caller to close. */
  ApiClient clientOf(String address) {
    return new ApiClient(membership.access(folder, ServerAccess.address(address)));
  }

  /** Asks and waits; a thread that is stopped meanwhile says so in Java's own way. */
  <R> List<R> newest(Endpoint<NoBody, R> endpoint, Params params) throws InterruptedException {
    try {
      return client().list(endpoint, params);
    } catch (RatoonException failed) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      throw failed;
    }
  }

  static long seconds(Duration wait) {
    return Math.clamp(wait.toSeconds(), 0, AgentEndpoints.MOST_WAIT_SECONDS);
  }

  /** Gets a new certificate for the same key; who is connected stays so with the old one. */
  void renew() {
    JoinAnswer answer = client().call(AgentEndpoints.RENEW, Params.NONE);
    HostKey.keepCertificate(folder, answer.certificate());
    ApiClient before = client;
    client = new ApiClient(membership.access(folder));
    before.close();
  }

  @Override
  public void close() {
    client().close();
  }
}
